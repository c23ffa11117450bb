package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// flag is one --name that a command takes.
type flag struct {
	name string // without the dashes
	arg  string // what its value is called in a usage line; "" for a switch
	bare bool   // the value may be left out
	help string // half a sentence
}

// globalFlags are taken by every command.
var globalFlags = []flag{
	{name: "home", arg: "DIR", help: "Roost's folder on this computer, also ROOST_HOME"},
	{name: "json", help: "answer with one JSON object"},
	{name: "allow-http", help: "allow a storage that is reached by plain http"},
	{name: "help", help: "explain the verb"},
}

// arguments are a command line, sorted.
type arguments struct {
	values map[string]string // by flag, without the dashes; "" for a switch and for a value left out
	rest   []string          // what is no flag, in order
}

func (a arguments) has(flag string) bool {
	_, given := a.values[flag]
	return given
}

func (a arguments) value(flag string) string { return a.values[flag] }

// with joins the flags before the verb and the arguments after it.
func (a arguments) with(b arguments) (arguments, error) {
	for name, value := range a.values {
		if b.has(name) {
			return b, twice(name)
		}
		b.values[name] = value
	}
	return b, nil
}

// parseArguments sorts what follows a verb. Flags may stand anywhere, as "--flag value" or "--flag=value"; after "--"
// everything is an argument, and "-" alone always is.
func parseArguments(args []string, flags []flag) (arguments, error) {
	a := arguments{values: map[string]string{}}
	for len(args) > 0 {
		arg := args[0]
		switch {
		case arg == "--":
			a.rest = append(a.rest, args[1:]...)
			return a, nil
		case !isFlag(arg):
			a.rest = append(a.rest, arg)
			args = args[1:]
		default:
			n, err := a.take(args, flags)
			if err != nil {
				return a, err
			}
			args = args[n:]
		}
	}
	return a, nil
}

// splitVerb takes the flags that stand before the verb, and the verb.
func splitVerb(args []string) (global arguments, verb string, rest []string, err error) {
	global = arguments{values: map[string]string{}}
	flags := append(slices.Clone(globalFlags), flag{name: "version"}, flag{name: "hidden"})
	for len(args) > 0 && isFlag(args[0]) && args[0] != "--" {
		n, err := global.take(args, flags)
		if err != nil {
			return global, "", nil, err
		}
		args = args[n:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return global, "", nil, nil
	}
	return global, args[0], args[1:], nil
}

func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// take reads the flag that args begin with and returns how many of them it used.
func (a *arguments) take(args []string, flags []flag) (used int, err error) {
	given, value, attached := strings.Cut(args[0], "=")
	name, long := strings.CutPrefix(given, "--")
	if given == "-h" {
		name, long = "help", true
	}
	i := slices.IndexFunc(flags, func(f flag) bool { return f.name == name })
	if !long || i < 0 {
		return 0, fmt.Errorf("there is no flag %s", given)
	}
	f := flags[i]
	if a.has(f.name) {
		return 0, twice(f.name)
	}
	used = 1
	switch {
	case f.arg == "" && attached:
		return 0, fmt.Errorf("--%s takes no value", f.name)
	case f.arg == "" || attached:
	case len(args) > 1 && !isFlag(args[1]):
		value, attached, used = args[1], true, 2
	case !f.bare:
		return 0, fmt.Errorf("--%s needs a value: --%s %s", f.name, f.name, f.arg)
	}
	if attached && value == "" { // an unset variable of a script, most likely
		return 0, fmt.Errorf("the value of --%s is empty", f.name)
	}
	a.values[f.name] = value
	return used, nil
}

func twice(name string) error { return fmt.Errorf("--%s is given twice", name) }

func hasFlag(flags []flag, name string) bool {
	return slices.ContainsFunc(flags, func(f flag) bool { return f.name == name })
}

// wantsJSON tells whether the answer has to be JSON, also where the rest of the line cannot be understood.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--json":
			return true
		case "--":
			return false
		}
	}
	return false
}

// oneOf returns which one of these flags was given, and refuses none and several.
func (a arguments) oneOf(names ...string) (string, error) {
	var given []string
	for _, name := range names {
		if a.has(name) {
			given = append(given, "--"+name)
		}
	}
	switch len(given) {
	case 1:
		return strings.TrimPrefix(given[0], "--"), nil
	case 0:
		return "", errors.New("one of --" + strings.Join(names, ", --") + " is needed")
	}
	return "", errors.New(strings.Join(given, " and ") + " exclude each other")
}

// flagNames are sorted: maps have no order.
func (a arguments) flagNames() []string { return slices.Sorted(maps.Keys(a.values)) }
