package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/urfave/cli/v2"

	"yhat/pipeline"
)

// maxConfig bounds a job file: it is written by hand.
const maxConfig = 1 << 20

// readConfig reads a job file: YAML whose keys are the flags of the command,
// and inputs. What is not one of them is an error with its line.
func readConfig(path string, c *cli.Command) (map[string]setting, []string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, syscall.EISDIR) {
		return nil, nil, fmt.Errorf("%w: %s is a folder, not a job file", errConfig, path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("job file: %w", err)
	}
	return parseConfig(path, data, c)
}

// parseConfig reads the text of a job file.
func parseConfig(path string, data []byte, c *cli.Command) (map[string]setting, []string, error) {
	if len(data) > maxConfig {
		return nil, nil, fmt.Errorf("%w: %s: larger than 1 MiB", errConfig, path)
	}
	if tooDeep(data) {
		return nil, nil, fmt.Errorf("%w: %s: brackets within more than %d others", errConfig, path, maxBrackets)
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, nil, configSyntax(path, err)
	}
	found, err := readDocument(path, file, c)
	if err != nil {
		return nil, nil, err
	}
	inputs := found["inputs"].values
	delete(found, "inputs")
	return found, inputs, nil
}

// configSyntax is a YAML error on one line.
func configSyntax(path string, err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("%w: %s:%d: %s", errConfig, path, at.GetToken().Position.Line, at.GetMessage())
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%w: %s: %s", errConfig, path, first)
}

// readDocument reads the one mapping that a job file is.
func readDocument(path string, file *ast.File, c *cli.Command) (map[string]setting, error) {
	found := map[string]setting{}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%w: %s: more than one document", errConfig, path)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return found, nil
	}
	body, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, fmt.Errorf("%w: %s: not of the form \"flag: value\", one a line", errConfig, path)
	}
	for _, entry := range body.Values {
		if err := addEntry(found, path, entry, c); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// addEntry reads one key and its value.
func addEntry(found map[string]setting, path string, entry *ast.MappingValueNode, c *cli.Command) error {
	line := entry.Key.GetToken().Position.Line
	key := entry.Key.GetToken().Value
	place := fmt.Sprintf("%s:%d", path, line)
	f := findFlag(c, key)
	if key != "inputs" && (f == nil || f.Names()[0] != key || f == cli.HelpFlag || key == "config") {
		return unknownKey(place, key, c)
	}
	if _, ok := found[key]; ok {
		return fmt.Errorf("%w: %s: %s is given twice", errConfig, place, key)
	}
	values, err := configValues(entry.Value)
	if err == nil && len(values) != 1 && !takesMany(key, f) {
		err = errors.New("takes one value, not a list")
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %s: %w", errConfig, place, key, err)
	}
	_, isList := entry.Value.(*ast.SequenceNode)
	found[key] = setting{values, place + ": " + key, errConfig, 1, isList}
	return nil
}

// unknownKey names the nearest key.
func unknownKey(place, key string, c *cli.Command) error {
	keys := append(longNames(c), "inputs")
	if n := pipeline.Nearest(key, keys); n != "" && n != key {
		return fmt.Errorf("%w: %s: unknown key %q; the nearest is %q", errConfig, place, key, n)
	}
	return fmt.Errorf("%w: %s: unknown key %q; the keys are the long flags of yhat %s, and inputs",
		errConfig, place, key, c.Name)
}

// takesMany reports whether a key may hold a list.
func takesMany(key string, f cli.Flag) bool {
	_, many := f.(*listFlag)
	return key == "inputs" || many
}

// configValues are the scalars of a value: one, or those of a list.
func configValues(node ast.Node) ([]string, error) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		v, err := configScalar(node)
		return []string{v}, err
	}
	values := []string{}
	for _, item := range list.Values {
		v, err := configScalar(item)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// configScalar is a scalar as it was written, so that 0.10 stays 0.10.
func configScalar(node ast.Node) (string, error) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.BoolNode:
		return strconv.FormatBool(n.Value), nil
	case *ast.IntegerNode, *ast.FloatNode:
		return node.GetToken().Value, nil
	case *ast.NullNode:
		if word := node.GetToken().Value; word == "null" {
			return word, nil // on-bad-row: null
		}
		return "", errors.New("has no value")
	}
	return "", errors.New("takes a word, a number, true or false, or a list of them")
}

// maxBrackets is how many brackets of a job file may be open at once. Values are
// words and lists of them; the parser takes for ever over deep ones.
const maxBrackets = 64

func tooDeep(text []byte) bool {
	open := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			if open++; open > maxBrackets {
				return true
			}
		case ']', '}':
			open = max(open-1, 0)
		}
	}
	return false
}
