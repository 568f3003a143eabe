package cpu

// Support says what a tier needs to run, and whether it is here.
type Support struct {
	Tier   Tier `json:"tier"`
	CPU    bool `json:"cpu"`    // the CPU has its instructions
	System bool `json:"system"` // the operating system saves the registers that they use
	Build  bool `json:"build"`  // this program has kernels for it
}

// Runs reports whether nothing is missing.
func (s Support) Runs() bool { return s.CPU && s.System && s.Build }

// Supports lists all tiers of this architecture, best first. The last is always Generic, which
// needs nothing.
func Supports() []Support {
	return append(native(), Support{Tier: Generic, CPU: true, System: true, Build: true})
}
