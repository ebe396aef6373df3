package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"yhat/io/table"
	"yhat/nn"
)

// release is the version of this source tree.
const release = "0.1.0"

// build says which program this is.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	System  string `json:"system"`
	Kernel  string `json:"kernel"`
}

func versionCommand(u *ui) *cli.Command {
	return &cli.Command{
		Name:        "version",
		Usage:       "print version, commit, Go version and the kernel in use",
		UsageText:   "yhat version [--json]",
		Description: "yhat version\nyhat version --json | jq -r .kernel",
		Flags:       []cli.Flag{truth(telling, "json", "print JSON")},
		Action: func(c *cli.Context) error {
			s, err := gather(c)
			if err != nil {
				return err
			}
			asJSON := s.yes("json", false)
			if s.noInputs(); s.err != nil {
				return s.err
			}
			return printVersion(u.stdout, asJSON)
		},
	}
}

// printVersion writes what this build is.
func printVersion(w io.Writer, asJSON bool) error {
	kernel, err := chooseKernel()
	if err != nil {
		return err
	}
	b := thisBuild()
	b.Kernel = kernel.Name()
	if asJSON {
		return printJSON(w, b)
	}
	_, err = fmt.Fprintf(w, "yhat %s\ncommit %s\ngo %s\nsystem %s\nkernel %s\n", b.Version, b.Commit, b.Go, b.System, b.Kernel)
	return err
}

// thisBuild reads what the linker left in the program.
func thisBuild() build {
	b := build{Version: release, Commit: "unknown", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	modified := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " (modified)"
		}
	}
	b.Commit += modified
	return b
}

// chooseKernel is the kernel for this machine, or the one YHAT_KERNEL names.
func chooseKernel() (nn.Kernel, error) {
	k, err := nn.ChooseKernel(os.Getenv("YHAT_KERNEL"))
	if err != nil {
		return k, fmt.Errorf("%w: YHAT_KERNEL: %w", table.ErrUsage, err)
	}
	return k, nil
}

// printJSON writes a value for programs, indented for people.
func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
