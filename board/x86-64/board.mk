# A PC or a virtual machine.
