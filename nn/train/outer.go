package train

// outer sets g to the gradient of a layer's weights and biases, Σ over rows of
// d·xᵀ and of d: a bias is a weight whose input is 1. d is [panel][out][32], x
// is [panel][in][32].
func (n *Net[T]) outer(s *Space[T], l *layer[T], d, x []T, panels int, g []float64) {
	weights := l.in * l.out
	n.set.Outer(d, x, l.out, l.in, panels, g[l.first:][:weights])
	n.set.Outer(d, s.ones, l.out, 1, panels, g[l.first+weights:][:l.out])
}
