# Enough for `import`: what exec.hcl gives, and writing records. Compare-and-swap needs no right of its own.

path "secret/data/momo/*" {
  capabilities = ["create", "read", "update"]
}

# The label `managed-by=momo-cred`. Without it records are written all the same, without the label.
path "secret/metadata/momo/*" {
  capabilities = ["patch"]
}
