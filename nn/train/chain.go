package train

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Chain turns d, the derivative by σ's output a, into that by its input z, for
// panels panels of units units: [panel][unit][32]. z may be a where NeedsInput
// is false; what help holds is lost.
func Chain[T nn.Float](set *kernel.Set[T], act kernel.Activation[T], z, a, d, help []T, units, panels int) {
	(&Net[T]{set: set}).chain(act, z, a, d, help, units, panels)
}

// NeedsInput reports whether Chain looks at z.
func NeedsInput(f kernel.Func) bool { return needsInput(f) }
