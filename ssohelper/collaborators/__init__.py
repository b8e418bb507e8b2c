"""The parts of `App`: the stores, the storage of sign-ins, AWS clients, and the vault."""
