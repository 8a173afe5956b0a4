package main

import (
	"encoding/base64"

	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	"github.com/hashicorp/vault/builtin/credential/approle"
	aws "github.com/hashicorp/vault/builtin/credential/aws"
	"github.com/hashicorp/vault/builtin/credential/cert"
	"github.com/hashicorp/vault/builtin/credential/userpass"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
)

// included is everything that can be mounted; tokens, cubbyhole, identity and sys are part of every core.
var included = builtins{
	secret: map[string]logical.Factory{"kv": kv.Factory},
	auth: map[string]logical.Factory{
		"approle":    approle.Factory,
		"aws":        aws.Factory,
		"cert":       cert.Factory,
		"jwt":        jwt.Factory,
		"kubernetes": kubernetes.Factory,
		"userpass":   userpass.Factory,
	},
}

var auditDevices = map[string]audit.Factory{"file": audit.NewFileBackend}

func encodeKey(key []byte) string           { return base64.StdEncoding.EncodeToString(key) }
func decodeKey(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

// builtins tells the plugin catalogue which of the compiled-in engines and methods exist. Mounting panics without one.
type builtins struct {
	secret, auth map[string]logical.Factory
}

func (b builtins) of(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return b.secret
	case consts.PluginTypeCredential:
		return b.auth
	}
	return nil
}

func (b builtins) Contains(name string, kind consts.PluginType) bool {
	_, found := b.of(kind)[name]
	return found
}

func (b builtins) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, found := b.of(kind)[name]
	return func() (interface{}, error) { return factory, nil }, found
}

func (b builtins) Keys(kind consts.PluginType) (names []string) {
	for name := range b.of(kind) {
		names = append(names, name)
	}
	return names
}

func (b builtins) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, b.Contains(name, kind)
}

func (b builtins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
