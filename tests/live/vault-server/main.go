// A real Vault core on loopback, for tests. It prints one line of JSON when it is ready; see README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	log "github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/physical"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

type options struct {
	addr, storage, unsealKeyFile, remove string
	tls                                  tlsOptions
	exitOnStdinEOF                       bool
}

func parse() (o options) {
	flag.StringVar(&o.addr, "addr", "127.0.0.1:0", "`address` of the plain listener, which tests set the server up through")
	flag.StringVar(&o.storage, "storage", "", "keep everything in this `folder`; without it everything is in memory and gone at the end")
	flag.StringVar(&o.unsealKeyFile, "unseal-key-file", "", "`file` with the key of a storage that was initialised before; without it such a storage stays sealed")
	flag.StringVar(&o.tls.addr, "tls-addr", "127.0.0.1:0", "`address` of the TLS listener, which is there if -tls-cert is")
	flag.StringVar(&o.tls.cert, "tls-cert", "", "PEM `file` with the certificate of the TLS listener, the leaf first")
	flag.StringVar(&o.tls.key, "tls-key", "", "PEM `file` with its private key")
	flag.StringVar(&o.tls.clientCA, "tls-client-ca", "", "PEM `file`: demand a client certificate that this authority signed; without it any is asked for and none is demanded")
	flag.BoolVar(&o.exitOnStdinEOF, "exit-on-stdin-eof", false, "end when stdin does, so that no server outlives the test that started it")
	flag.StringVar(&o.remove, "remove", "", "with -exit-on-stdin-eof: also remove this `folder`, which the test had no time to")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	return o
}

func main() {
	if err := run(parse()); err != nil {
		fmt.Fprintln(os.Stderr, "vault-server:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.exitOnStdinEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			if o.remove != "" {
				_ = os.RemoveAll(o.remove)
			}
			os.Exit(0)
		}()
	}
	plain, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	secure, err := o.tls.listen()
	if err != nil {
		return err
	}
	ready := map[string]string{"address": "http://" + plain.Addr().String()}
	core, err := newCore(o.storage, ready["address"])
	if err != nil {
		return err
	}
	if err := open(core, o.unsealKeyFile, ready); err != nil {
		return err
	}
	server := &http.Server{Handler: vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core: core, ListenerConfig: &configutil.Listener{Type: "tcp"},
	})}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(plain) }()
	if secure != nil {
		ready["tls_address"] = "https://" + secure.Addr().String()
		server.TLSConfig = secure.config
		go func() { failed <- server.ServeTLS(secure, "", "") }()
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	return <-failed
}

func newCore(storage, address string) (*vault.Core, error) {
	logger := log.New(&log.LoggerOptions{Output: os.Stderr, Level: log.Warn})
	var physical physical.Backend
	var err error
	if storage == "" {
		physical, err = inmem.NewInmem(nil, logger)
	} else {
		physical, err = file.NewFileBackend(map[string]string{"path": storage}, logger)
	}
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		Physical: physical, Logger: logger, DisableMlock: true, RedirectAddr: address,
		LogicalBackends: included.secret, CredentialBackends: included.auth, BuiltinRegistry: included,
		AuditBackends: auditDevices,
	})
}

// open initialises a new storage and says with which keys, or unseals a known one if the key is given.
func open(core *vault.Core, keyFile string, ready map[string]string) error {
	ctx := namespace.RootContext(context.Background())
	known, err := core.Initialized(ctx)
	if err != nil {
		return err
	}
	var key []byte
	switch {
	case !known:
		made, err := core.Initialize(ctx, &vault.InitParams{
			BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
		})
		if err != nil {
			return err
		}
		key = made.SecretShares[0]
		ready["root_token"] = made.RootToken
		ready["unseal_key"] = encodeKey(key)
	case keyFile == "":
		return nil
	default:
		// A file, since every user of the machine can read the command line.
		text, err := os.ReadFile(keyFile)
		if err != nil {
			return err
		}
		if key, err = decodeKey(strings.TrimSpace(string(text))); err != nil {
			return errors.New("the unseal key is not base64")
		}
	}
	_, err = core.Unseal(key)
	return err
}
