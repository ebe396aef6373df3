package tabletest

import (
	"testing"

	"go.uber.org/goleak"

	"yhat/io/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFormats(t *testing.T) { Run(t, table.Formats...) }
