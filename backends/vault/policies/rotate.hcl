# Enough for `provision`, `resume`, `abort` and everything that replaces credentials: claims are writes of the same record.

path "secret/data/momo/*" {
  capabilities = ["create", "read", "update"]
}

# patch: the label `managed-by=momo-cred`. read: for `rollback`, `revoke`, `compromise` and `doctor`; list: for `list`.
path "secret/metadata/momo/*" {
  capabilities = ["read", "list", "patch"]
}

# How many versions the engine keeps, for `doctor` alone.
path "secret/config" {
  capabilities = ["read"]
}
