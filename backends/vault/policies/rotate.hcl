# Enough for `provision`, `resume`, `abort` and everything that replaces credentials: claims are writes of the same record.

path "secret/data/momo/*" {
  capabilities = ["create", "read", "update"]
}

# Versions of a record, for `list` and `doctor`; the label `managed-by=momo-cred`.
path "secret/metadata/momo/*" {
  capabilities = ["read", "list", "patch"]
}

# How many versions the engine keeps, for `doctor`.
path "secret/config" {
  capabilities = ["read"]
}
