"""The engines that ask an outside solver, each in a process of its own."""
