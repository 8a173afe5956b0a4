package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
)

type tlsOptions struct {
	addr, cert, key, clientCA string
}

// tlsListener is a socket with the settings that its connections are to be served with.
type tlsListener struct {
	net.Listener
	config *tls.Config
}

// listen returns nil if no certificate was given.
func (o tlsOptions) listen() (*tlsListener, error) {
	if o.cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   tls.VersionTLS12,
		// As a Vault listener without further settings: asked for, never required, judged by the cert method.
		ClientAuth: tls.RequestClientCert,
	}
	if o.clientCA != "" {
		pem, err := os.ReadFile(o.clientCA)
		if err != nil {
			return nil, err
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("-tls-client-ca: no certificate in it")
		}
		// tls_require_and_verify_client_cert in the configuration of a Vault.
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	socket, err := net.Listen("tcp", o.addr)
	if err != nil {
		return nil, err
	}
	return &tlsListener{socket, config}, nil
}
