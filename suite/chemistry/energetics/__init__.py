"""What follows from energies and Hessians: thermochemistry, barriers, rates."""
