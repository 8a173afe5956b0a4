# What `remove` needs besides rotate.hcl. The second block is for `remove --destroy` alone.

path "secret/delete/momo/*" {
  capabilities = ["update"]
}

path "secret/metadata/momo/*" {
  capabilities = ["read", "list", "patch", "delete"]
}
