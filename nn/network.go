package nn

// Lanes is how many rows a panel holds.
const Lanes = 32

// Panels is how many panels rows rows take.
func Panels(rows int) int { return (rows + Lanes - 1) / Lanes }
