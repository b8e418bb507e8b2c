"""What `App` consists of: the stores, the storage of sign-ins, AWS clients, and the vault."""
