package graph

import (
	"slices"

	"yhat/nn"
)

// Program is a graph made ready to run. It does not change and may be used by
// many goroutines, each with its own Workspace.
type Program struct {
	steps   []step
	bufs    []slot
	copies  []copied
	inputs  []port
	landed  []*value // of tables: what their cells are encoded into, beside inputs
	outputs []port
	strings []string
	codes   map[string]int32
	faults  []Fault
	layers  []Layer
	group   int
	size    int // bytes of a panel's buffers
	graph   *Graph
	missing map[string]bool
	known   map[int][]string // outputs that are constants, as text
	classes []string         // the classes that the label is one of
	words   bool             // text is told apart beyond the words of strings
}

// port is where a buffer meets the caller's.
type port struct {
	name  string
	value *value
	buf   int
}

// slot says where a buffer of a step lies: with the caller, or in shared
// memory.
type slot struct {
	buffer
	input, output int // the caller's, or -1
	memory        int // index of the workspace's memory, or -1: not used
}

// Reason is the kind of a fault.
type Reason uint8

// The reasons.
const (
	UnknownCategory Reason = iota + 1 // OneHotEncoder with zeros=0
	OutOfRange                        // an index outside its tensor, an integer division by zero
	NotANumber                        // text that is cast to a number and is none
)

// String is the reason's code in reports.
func (r Reason) String() string {
	switch r {
	case UnknownCategory:
		return "unknown_category"
	case NotANumber:
		return "not_a_number"
	}
	return "out_of_range"
}

// found is the reason in the words of package nn.
func (r Reason) found() nn.FoundReason {
	switch r {
	case UnknownCategory:
		return nn.FoundUnknown
	case NotANumber:
		return nn.FoundNotANumber
	}
	return nn.FoundOutOfRange
}

// Workspace holds the values between steps. One goroutine uses it at a time.
type Workspace struct {
	bufs    []Lanes
	memory  []Lanes
	faults  [][]uint32
	first   int // the first panel of the group at work
	strings []string
	codes   map[string]int32
	given   []string // the caller's
	made    []string // by the graph itself
	makes   map[string]int32
}

// cacheBytes is how much of a core's cache the values of a group of panels may
// fill; the weights need the rest.
const cacheBytes = 400 << 10

// NewWorkspace makes a workspace for this program.
func (p *Program) NewWorkspace() *Workspace {
	ws := &Workspace{bufs: make([]Lanes, len(p.bufs)), strings: p.strings, codes: p.codes, faults: make([][]uint32, len(p.faults))}
	var sizes []slot // the largest of each memory
	for _, s := range p.bufs {
		for s.memory >= len(sizes) {
			sizes = append(sizes, slot{})
		}
		if s.memory >= 0 && sizes[s.memory].elems <= s.elems {
			sizes[s.memory] = s
		}
	}
	ws.memory = make([]Lanes, len(sizes))
	for i, s := range sizes {
		ws.memory[i] = NewLanes(s.typ, p.group*s.elems*lanes)
	}
	for i, s := range p.bufs {
		if s.memory >= 0 {
			ws.bufs[i] = ws.memory[s.memory]
		}
	}
	return ws
}

// GroupPanels is how many panels to run at a time so that their values stay in
// a core's cache; at least 1.
func (p *Program) GroupPanels() int { return p.group }

// Run computes the outputs for panels panels. in has a buffer for each of
// Inputs (that of a table, what NewInputs makes) and out one for each of Outputs, [panel][element][32] in the field of
// the type's storage. What a row gives depends on that row alone.
func (p *Program) Run(ws *Workspace, in []Lanes, panels int, out []Lanes) {
	ws.made, ws.makes = ws.made[:0], nil
	for i := range ws.faults {
		ws.faults[i] = append(ws.faults[i][:0], make([]uint32, panels)...)
	}
	for first := 0; first < panels; first += p.group {
		ws.first = first
		for i := range p.bufs {
			switch s := &p.bufs[i]; {
			case s.input >= 0:
				ws.bufs[i] = in[s.input].from(first * s.elems * lanes)
			case s.output >= 0:
				ws.bufs[i] = out[s.output].from(first * s.elems * lanes)
			}
		}
		g := min(p.group, panels-first)
		for i := range p.steps {
			p.steps[i].run(ws, g)
		}
	}
}

// Fault is the rows that fault i of Program.Faults marked in the last Run: a
// word for each panel, a bit for each row. The lanes past the caller's last
// row may be marked too.
func (ws *Workspace) Fault(i int) []uint32 { return ws.faults[i] }

// mark sets a row of panel p of the group as faulty.
func (ws *Workspace) mark(fault, p, lane int) { ws.faults[fault][ws.first+p] |= 1 << lane }

// SetStrings gives the strings that the caller's codes from
// len(Program.Strings) on stand for, until the next call.
func (ws *Workspace) SetStrings(given []string) { ws.given = given }

// String is what a code stands for: a string of the program, of the caller, or
// one that the last Run made.
func (ws *Workspace) String(code int32) string {
	at := int(code)
	for _, list := range [][]string{ws.strings, ws.given, ws.made} {
		if at < len(list) {
			return list[at]
		}
		at -= len(list)
	}
	return ""
}

// codeOf is the code of a string that the graph makes while it runs.
func (ws *Workspace) codeOf(s string) int32 {
	if code, ok := ws.codes[s]; ok {
		return code
	}
	if i := slices.Index(ws.given, s); i >= 0 && len(ws.given) < 64 {
		return int32(len(ws.strings) + i)
	}
	if ws.makes == nil {
		ws.makes = map[string]int32{}
		for i, g := range ws.given {
			ws.makes[g] = int32(len(ws.strings) + i)
		}
	}
	code, ok := ws.makes[s]
	if !ok {
		code = int32(len(ws.strings) + len(ws.given) + len(ws.made))
		ws.made = append(ws.made, s)
		ws.makes[s] = code
	}
	return code
}
