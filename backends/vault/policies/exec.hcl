# Enough for `exec`, `verify` and `status`: read records below secret/momo.
# Put your mount in the place of `secret`, and your path in that of `momo`.

path "secret/data/momo/*" {
  capabilities = ["read"]
}
