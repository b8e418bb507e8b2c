"""What `App` creates out of stores and clients: the vault, the storage, clients of AWS services."""
