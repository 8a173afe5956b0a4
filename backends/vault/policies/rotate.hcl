# Enough for `provision`, `resume`, `abort` and everything that replaces credentials: claims are writes of the same record.

path "secret/data/momo/*" {
  capabilities = ["create", "read", "update"]
}

# patch: the label `managed-by=momo-cred`. read and list: for `list` and `doctor`, which alone need them.
path "secret/metadata/momo/*" {
  capabilities = ["read", "list", "patch"]
}

# How many versions the engine keeps, for `doctor` alone.
path "secret/config" {
  capabilities = ["read"]
}
