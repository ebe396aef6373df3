package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"math"
	"time"
	"unsafe"

	"yhat/io/table"
	"yhat/nn"
	"yhat/nn/train"
)

// Resume keeps the state of learning, so that a run that was stopped goes on
// where it was and learns what it would have learned.
type Resume struct {
	State []byte // as Save got it in an earlier run; nil: from the beginning
	Save  func(state []byte) error
	Every time.Duration // between two calls of Save; the last epoch is always saved
}

// stateFormat begins every state.
const stateFormat = "yhat-training/1"

// trainState is learning after an epoch. Order of rows and dropout follow from
// seed and epoch, so nothing of them is kept.
type trainState struct {
	Format     string        `json:"format"`
	Run        string        `json:"run"` // digest of rows and choices
	Restart    int           `json:"restart"`
	Epoch      int           `json:"epoch"`
	Parameters packed        `json:"parameters"`
	Optimizer  packed        `json:"optimizer"`
	Current    savedAttempt  `json:"current"`
	Best       *savedAttempt `json:"best,omitempty"` // of the networks before
}

// savedAttempt is an attempt in a state.
type savedAttempt struct {
	Seed       uint64  `json:"seed"`
	Parameters packed  `json:"parameters"`
	Epochs     []Epoch `json:"epochs"`
	BestEpoch  int     `json:"best_epoch"`
	Loss       float64 `json:"loss"`
	Separated  bool    `json:"separated"`
}

// packed are numbers as the bits of their float64, little end first; JSON has
// them in base64.
type packed []byte

func pack(v []float64) packed {
	p := make(packed, 0, 8*len(v))
	for _, x := range v {
		p = binary.LittleEndian.AppendUint64(p, math.Float64bits(x))
	}
	return p
}

// unpack reports whether there are as many finite numbers as v holds.
func (p packed) unpack(v []float64) bool {
	if len(p) != 8*len(v) {
		return false
	}
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:]))
		if finite(v[i]) == nil {
			return false
		}
	}
	return true
}

func (a *attempt) saved() savedAttempt {
	return savedAttempt{Seed: a.seed, Parameters: pack(a.p), Epochs: a.epochs, BestEpoch: a.best, Loss: a.loss, Separated: a.separated}
}

// restored is the attempt that was saved; false if it cannot be one of a
// network of size parameters.
func (s *savedAttempt) restored(size int) (*attempt, bool) {
	a := &attempt{seed: s.Seed, p: make([]float64, size), epochs: s.Epochs, best: s.BestEpoch, loss: s.Loss, separated: s.Separated}
	return a, s.Parameters.unpack(a.p) && a.best >= 1 && a.best <= len(a.epochs)
}

// errState is a state that cannot be gone on from.
func errState(words string) error { return fmt.Errorf("%w: --resume: %s", table.ErrData, words) }

// readState reads the state of an earlier run of the same rows and choices.
func (f *fit[T]) readState() (*trainState, error) {
	r := f.job.Resume
	if r == nil || len(r.State) == 0 {
		return nil, nil
	}
	s := &trainState{}
	d := json.NewDecoder(bytes.NewReader(r.State))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil || s.Format != stateFormat || d.More() {
		return nil, errState("the file holds no state of yhat train")
	}
	if s.Run != f.identity() {
		return nil, fmt.Errorf("%w: --resume: the file holds the state of another run: other rows, another network or other choices; without it the run starts anew", table.ErrUsage)
	}
	if s.Restart < 0 || s.Restart >= max(1, f.job.Fit.Restarts) || s.Epoch < 1 || s.Epoch != len(s.Current.Epochs) {
		return nil, errState("the state is damaged")
	}
	return s, nil
}

// identity is a digest of all that decides what is learned, but for how long:
// epochs may be added, unless the learning rate depends on their number.
func (f *fit[T]) identity() string {
	if f.digest != "" {
		return f.digest
	}
	h := sha256.New()
	o := f.job.Fit
	o.Patience, o.Restarts = 0, 0
	if o.Schedule == "constant" {
		o.Epochs = 0
	}
	loss, _ := f.survey.loss()
	fmt.Fprintf(h, "%+v|%v|%v|%+v|%T\n", o, loss, f.layout, f.job.Activation, *new(T))
	hashNumbers(h, f.rows.X)
	hashNumbers(h, f.rows.Y)
	hashNumbers(h, f.rows.Weight)
	for _, part := range f.parts[:partTest] {
		binary.Write(h, binary.LittleEndian, int64(len(part)))
		hashNumbers(h, part)
	}
	f.digest = hex.EncodeToString(h.Sum(nil))
	return f.digest
}

// hashNumbers adds numbers to a digest as they lie in memory.
func hashNumbers[N nn.Float | int32](h hash.Hash, v []N) {
	if len(v) > 0 {
		h.Write(unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v)*int(unsafe.Sizeof(v[0]))))
	}
}

// resume makes attempt and optimiser what they were, and returns how many
// epochs are done.
func (f *fit[T]) resume(a *attempt, opt train.Optimizer) (int, error) {
	s := f.from
	if s == nil {
		return 0, nil
	}
	f.from = nil
	was, ok := s.Current.restored(f.net.Size())
	if !ok || was.seed != a.seed || !s.Parameters.unpack(f.p) || !s.Optimizer.unpack(opt.Memory()) {
		return 0, errState("the state is damaged")
	}
	*a = *was
	if f.job.Resumed != nil {
		f.job.Resumed(s.Restart, s.Epoch)
	}
	return s.Epoch, nil
}

// save keeps the state, if it is time or the attempt is at its end.
func (f *fit[T]) save(restart int, a *attempt, opt train.Optimizer, end bool) error {
	r := f.job.Resume
	if r == nil || !end && time.Since(f.saved) < r.Every {
		return nil
	}
	s := trainState{Format: stateFormat, Run: f.identity(), Restart: restart, Epoch: len(a.epochs),
		Parameters: pack(f.p), Optimizer: pack(opt.Memory()), Current: a.saved()}
	if f.best != nil {
		best := f.best.saved()
		s.Best = &best
	}
	text, err := json.Marshal(&s)
	if err == nil {
		err = r.Save(append(text, '\n'))
	}
	f.saved = time.Now()
	return err
}
