package kernel

// Names are the sets that run on this machine, best first.
func Names() []string { return append(fast(), "generic") }

// Choose finds the set called name for a precision; nil if this machine has
// none of that name. A name that has no loops of its own in a precision gives
// the generic ones, under its name.
func Choose[T Float](name string) *Set[T] {
	known := false
	for _, n := range Names() {
		known = known || n == name
	}
	if !known {
		return nil
	}
	s := Generic[T]()
	if s32, ok := any(s).(*Set[float32]); ok {
		improve(s32, name)
	}
	s.Name = name
	return s
}
