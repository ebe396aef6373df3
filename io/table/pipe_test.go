package table

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
)

func TestAWaitingReadEndsWithItsContext(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("signal")
	got := make(chan error)
	go func() {
		_, err := io.ReadAll(patient(ctx, r))
		got <- err
	}()
	w.WriteString("some text")
	cancel(gone)
	if err := <-got; !errors.Is(err, gone) {
		t.Errorf("error %v, want the cause", err)
	}
	w.Close()
	if text, err := io.ReadAll(patient(t.Context(), r)); err != nil || len(text) > len("some text") {
		t.Errorf("the rest is %q, error %v", text, err)
	}
}
