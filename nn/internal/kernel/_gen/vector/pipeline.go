package vector

import "iter"

// A Pipeline writes a loop whose turns overlap: its pieces of work begin at
// different times of a turn, and end in the next one. A long piece depends on itself
// from beginning to end, so each of its instructions waits for the last; a machine
// looks ahead for others only so far, and finds more, and of more kinds, the less
// alike the pieces are that stand side by side (Lam, Software pipelining, 1988).
//
// The loop is Begin, then Turn as its body, then End. Every turn's piece i asks for
// the same registers in the same order as the one before, and gets the same.
type Pipeline struct {
	isa   *ISA
	turn  int   // steps of a turn, a step being an instruction or a few
	begin []int // when in its turn piece i begins
	work  func(i int, late func() bool)
	regs  [][]V    // of piece i
	ahead []*piece // that have begun, and end in the next turn
}

// piece is a piece of work that has begun.
type piece struct {
	late  bool
	asked int // registers
	step  func() bool
}

// NewPipeline makes a pipeline of pieces that do work(i, …) and begin at begin[i].
// late says, at any time of the work, whether the next turn has come.
func (a *ISA) NewPipeline(turn int, begin []int, work func(i int, late func() bool)) *Pipeline {
	return &Pipeline{isa: a, turn: turn, begin: begin, work: work, regs: make([][]V, len(begin))}
}

// Begin writes the first turn's beginnings, Turn the end of the last turn and the
// beginning of the next, End the end of the last one.
func (p *Pipeline) Begin() { p.write(true) }
func (p *Pipeline) Turn()  { p.write(true) }
func (p *Pipeline) End()   { p.write(false) }

func (p *Pipeline) write(more bool) {
	old, now := p.ahead, make([]*piece, len(p.begin))
	for _, w := range old {
		w.late = true
	}
	for t := range p.turn {
		for _, w := range old {
			w.step()
		}
		for i, begin := range p.begin {
			if more && t == begin {
				now[i] = p.start(i)
			}
			if now[i] != nil {
				now[i].step()
			}
		}
	}
	for _, w := range old {
		if w.step() {
			panic("a piece takes more than two turns")
		}
	}
	p.ahead = now
}

// start makes piece i ready for its first step.
func (p *Pipeline) start(i int) *piece {
	a, w := p.isa, &piece{}
	var pause func()
	next, _ := iter.Pull(func(yield func(struct{}) bool) {
		pause = func() { yield(struct{}{}) }
		a.pause = pause
		p.work(i, func() bool { return w.late })
	})
	w.step = func() bool {
		a.pause, a.give = pause, func() V { return p.register(i, w) }
		_, more := next()
		a.pause, a.give = nil, nil
		return more
	}
	return w
}

// register is the next register that piece i asks for.
func (p *Pipeline) register(i int, w *piece) V {
	if w.asked == len(p.regs[i]) {
		p.regs[i] = append(p.regs[i], p.isa.fresh())
	}
	w.asked++
	return p.regs[i][w.asked-1]
}
