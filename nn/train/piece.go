package train

import (
	"yhat/nn"
)

// pieceWeights is how many weights a piece has at about most: few enough that
// they, their gradient and what an optimiser keeps of them stay in the second
// cache from the sum to the step.
const pieceWeights = 8192

// Piece is a run of units of one layer, with their weights and biases. The
// gradient and an optimiser's step are made piece by piece, in any order and by
// any goroutine. Where a network is cut depends on its layers alone.
type Piece struct {
	layer, from, to int // units
	weights         [2]int
	biases          [2]int // from and to among the parameters
}

// Pieces are all parameters.
func (n *Net[T]) Pieces() []Piece { return n.pieces }

// parts are the piece's parts of a vector of all parameters.
func parts[T nn.Float](p Piece, v []T) (weights, biases []T) {
	return v[p.weights[0]:p.weights[1]:p.weights[1]], v[p.biases[0]:p.biases[1]:p.biases[1]]
}

// cut makes the pieces of layer i: whole blocks of units of the dense product.
func (n *Net[T]) cut(i int) {
	l := &n.layers[i]
	for first, blocks := 0, l.dense.Blocks; len(blocks) > 0; {
		end, used := first, 0
		for len(blocks) > 0 && (used == 0 || used+blocks[0].Units*l.in <= pieceWeights) {
			end += blocks[0].Units
			used += blocks[0].Units * l.in
			blocks = blocks[1:]
		}
		bias := l.first + l.in*l.out
		n.pieces = append(n.pieces, Piece{layer: i, from: first, to: end,
			weights: [2]int{l.first + first*l.in, l.first + end*l.in}, biases: [2]int{bias + first, bias + end}})
		first = end
	}
}

// Set makes p the network's parameters.
func (n *Net[T]) Set(p []float64) {
	for _, piece := range n.pieces {
		n.SetPiece(piece, p)
	}
}

// SetPiece makes the piece's part of p, a vector of all parameters, the
// network's.
func (n *Net[T]) SetPiece(piece Piece, p []float64) {
	l := &n.layers[piece.layer]
	w, bias := parts(piece, p)
	for _, b := range l.dense.Blocks {
		if b.First >= piece.from && b.First < piece.to {
			at := b.First - piece.from
			n.set.SetRows(l.dense, b, w[at*l.in:][:b.Units*l.in], bias[at:])
		}
	}
	if l.back != nil {
		n.set.SetColumns(l.back, piece.from, piece.to, w)
	}
}

// Penalise adds the gradient of λ/2 Σ w² over the weights, not the biases, to
// g, and returns that sum.
func (n *Net[T]) Penalise(lambda float64, p, g []float64) float64 {
	sum := 0.0
	for _, piece := range n.pieces {
		sum += n.PenalisePiece(piece, lambda, p, g)
	}
	return lambda / 2 * sum
}

// PenalisePiece adds the gradient of λ/2 Σ w² over the piece's weights to its
// part of g, and returns Σ w².
func (n *Net[T]) PenalisePiece(piece Piece, lambda float64, p, g []float64) float64 {
	w, _ := parts(piece, p)
	to, _ := parts(piece, g)
	return n.set.Penalise(lambda, w, to)
}

// AddPiece adds a share of a shard's gradient to the piece's part of g, or makes
// it g.
func (n *Net[T]) AddPiece(p Piece, g []float64, shard []T, first bool, share float64) {
	for _, at := range [][2]int{p.weights, p.biases} {
		n.set.Share(g[at[0]:at[1]], shard[at[0]:at[1]], share, !first)
	}
}

// Step lets an optimiser that has begun a step change the piece's parameters.
func (p Piece) Step(o Optimizer, all, g []float64) {
	o.Step(all, g, p.weights[0], p.weights[1])
	o.Step(all, g, p.biases[0], p.biases[1])
}
