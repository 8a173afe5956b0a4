# What `remove` needs besides rotate.hcl: the server puts the rights of both together.

path "secret/delete/momo/*" {
  capabilities = ["update"]
}

# For `remove --destroy` alone.
path "secret/metadata/momo/*" {
  capabilities = ["delete"]
}
