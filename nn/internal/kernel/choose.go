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
	switch s := any(s).(type) {
	case *Set[float32]:
		improve(s, name)
	case *Set[float64]:
		improve64(s, name)
	}
	s.Name = name
	return s
}
