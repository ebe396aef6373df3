package nn

import (
	"fmt"
	"strings"
	"unsafe"

	"yhat/nn/internal/kernel"
)

// Lanes is how many rows a panel holds.
const Lanes = kernel.Lanes

// Panels is how many panels rows rows take.
func Panels(rows int) int { return (rows + Lanes - 1) / Lanes }

// cacheBytes is how much of a core's cache the activations of a group of
// panels may fill; the weights need the rest, and the columns that are encoded:
// with twice as much, what was called for ahead of them is gone before its turn.
const cacheBytes = 200 << 10

// fewPanels is how many panels a group of a wide network should have, though
// its activations fill the cache: each weight then serves as many panels before
// the next one is fetched from afar.
const fewPanels = 4

// A Kernel is a set of inner loops chosen for this machine. The zero Kernel is
// the generic one.
type Kernel struct{ name string }

// ChooseKernel finds a kernel by name: "generic", "avx2" or "avx512"; "" is
// the best this machine has. A name that is unknown or that this machine
// cannot run is an error.
func ChooseKernel(name string) (Kernel, error) {
	names := Kernels()
	if name == "" {
		return Kernel{names[0]}, nil
	}
	for _, n := range names {
		if n == name {
			return Kernel{name}, nil
		}
	}
	return Kernel{}, fmt.Errorf("kernel %q does not run here: choose one of %s", name, strings.Join(names, ", "))
}

// Kernels are the names of the kernels that run on this machine, best first.
func Kernels() []string { return kernel.Names() }

// Name is the kernel's name.
func (k Kernel) Name() string {
	if k.name == "" {
		return "generic"
	}
	return k.name
}

// Network is a model made ready to run in one precision on one kernel. It does
// not change and may be used by many goroutines, each with its own Workspace.
type Network[T Float] struct {
	set    *kernel.Set[T]
	layers []layer[T]
	widths []int // of a_0 … a_L
	group  int
}

type layer[T Float] struct {
	dense *kernel.Dense[T]
	relu  bool                 // made by the dense product itself
	act   kernel.Activation[T] // Identity where nothing is left to do
}

// Compile makes a network of the model's layers for kernel k. The numbers are
// rounded to T here. The error is a *ShapeError.
func Compile[T Float](m *Model, k Kernel) (*Network[T], error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	n := &Network[T]{set: kernel.Choose[T](k.Name()), widths: []int{m.Layers[0].In}}
	for i := range m.Layers {
		l := &m.Layers[i]
		a := kernel.Activation[T]{Func: kernel.Func(l.Activation.Func), Alpha: T(l.Activation.Alpha), Beta: T(l.Activation.Beta)}
		relu := a.Func == kernel.ReLU
		if relu {
			a.Func = kernel.Identity
		}
		n.layers = append(n.layers, layer[T]{kernel.Pack[T](l.In, l.Out, l.W, l.B, n.set.Block), relu, a})
		n.widths = append(n.widths, l.Out)
	}
	n.group = n.fitting()
	return n, nil
}

// fitting is how many panels keep all their activations in cache; of wide
// layers, a few whose one layer's inputs and outputs fit four times that.
func (n *Network[T]) fitting() int {
	units, pair := n.widths[0], 0
	for l := 1; l < len(n.widths); l++ {
		units += n.widths[l]
		pair = max(pair, n.widths[l-1]+n.widths[l])
	}
	var one T
	unit := Lanes * int(unsafe.Sizeof(one))
	return max(1, cacheBytes/(units*unit), min(fewPanels, 4*cacheBytes/(pair*unit)))
}

// Layers is L, the number of layers.
func (n *Network[T]) Layers() int { return len(n.layers) }

// Width is the number of units of a_l; Width(0) is the width of the input.
func (n *Network[T]) Width(l int) int { return n.widths[l] }

// GroupPanels is how many panels to encode and forward at a time so that all
// their activations stay in a core's cache; at least 1.
func (n *Network[T]) GroupPanels() int { return n.group }

// Workspace holds the activations between layers. One goroutine uses it at a
// time.
type Workspace[T Float] struct{ hidden [2][]T }

// NewWorkspace makes a workspace for this network.
func (n *Network[T]) NewWorkspace() *Workspace[T] {
	widest := 0
	for _, w := range n.widths[1 : len(n.widths)-1] {
		widest = max(widest, w)
	}
	ws := &Workspace[T]{}
	for i := range ws.hidden {
		ws.hidden[i] = make([]T, n.group*widest*Lanes)
	}
	return ws
}

// Forward runs panels panels x ([panel][Width(0)][32]) through all layers. out
// has Layers() entries: out[l-1], when not nil, receives a_l as
// [panel][Width(l)][32]; the last must not be nil. What a row gives depends on
// that row alone.
func (n *Network[T]) Forward(ws *Workspace[T], x []T, panels int, out [][]T) {
	for first := 0; first < panels; first += n.group {
		g := min(n.group, panels-first)
		in := x[first*n.widths[0]*Lanes:]
		for i := range n.layers {
			y := ws.hidden[i%2]
			if out[i] != nil {
				y = out[i][first*n.widths[i+1]*Lanes:]
			}
			n.step(i, in, y, g)
			in = y
		}
	}
}

// step computes one layer for a group of panels.
func (n *Network[T]) step(i int, x, y []T, panels int) {
	l := &n.layers[i]
	n.set.Dense(l.dense, x, y, panels, l.relu)
	if l.act.Func != kernel.Identity {
		n.set.Activate(l.act, y, l.dense.Out, panels)
	}
}

// NonFinite sets a bit of mask (a word a panel) for each row of x
// ([panel][units][32]) that has a NaN or an infinity among its units.
func NonFinite[T Float](mask []uint32, x []T, units, panels int) {
	kernel.NonFinite(mask, x, units, panels)
}
