package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"roost/syncer"
)

// answer is what a command found or did. As JSON it has the fields that architecture and scripts rely on: slices are
// never nil, times are stamps, paths are jsonPaths.
type answer interface {
	people(w io.Writer) // the same in words
}

// partial is an answer that may be one of "done, but".
type partial interface{ partly() bool }

// finish says how the run ended and returns its exit code.
func (c *call) finish(ctx context.Context, a answer, err error) int {
	code := 0
	if p, ok := a.(partial); ok && p.partly() {
		code = syncer.ExitSome
	}
	var problem *syncer.Problem
	if err != nil {
		p := describe(ctx, err)
		problem, code = &p, p.Exit
	}
	if werr := c.say(a, problem); werr != nil && err == nil {
		err = computerError("the answer could not be written", werr)
		p := describe(ctx, err)
		problem, code = &p, p.Exit
	}
	if problem != nil {
		fmt.Fprint(c.err, inWords(*problem, err))
	}
	return code
}

func (c *call) say(a answer, problem *syncer.Problem) error {
	w := bufio.NewWriter(c.out)
	if c.json {
		if err := writeJSON(w, a, problem); err != nil {
			return err
		}
	} else if a != nil {
		a.people(w)
	}
	return w.Flush()
}

// inWords is a problem as the terminal shows it: what happened, are my files safe, one next step; and the error itself
// for whoever is phoned for help.
func inWords(p syncer.Problem, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "roost: %s\n", message(p))
	if action := p.OnTerminal(); action != "" {
		b.WriteString(action + "\n")
	}
	if !says(p, err) {
		fmt.Fprintf(&b, "Details: %s\n", shown(strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	return b.String()
}

// says tells whether a problem's words hold the error's: all of them or, where Detail is the error without what kind of
// error it is, those. One without words of its own says no more than the title.
func says(p syncer.Problem, err error) bool {
	if p.Plain {
		return true
	}
	text := strings.ToLower(err.Error())
	detail := strings.ToLower(strings.TrimSuffix(p.Detail, "."))
	return strings.Contains(strings.ToLower(message(p)), text) || detail != "" && strings.HasSuffix(strings.TrimSuffix(text, "."), detail)
}

// damage is what is stored and cannot be used, which is said to people beside the answer.
func (c *call) damage(ctx context.Context, e engine) ([]problemJSON, error) {
	found, err := e.Damage(ctx)
	if err != nil {
		return nil, err
	}
	return c.warn(found), nil
}

// warn names what does not stop a command, and returns it as JSON has it.
func (c *call) warn(found []syncer.Problem) []problemJSON {
	all := []problemJSON{}
	var actions []string
	for i, p := range found {
		all = append(all, newProblemJSON(p))
		switch {
		case i < maxNamed:
			fmt.Fprintf(c.err, "roost: %s\n", shown(strings.ReplaceAll(strings.TrimSpace(sentence(p.Title)+" "+p.Detail), "\n", "; ")))
		case i == maxNamed:
			fmt.Fprintln(c.err, "roost: … and more: --json names all")
		}
		if action := p.OnTerminal(); !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	for _, action := range actions {
		fmt.Fprintln(c.err, action)
	}
	return all
}

func message(p syncer.Problem) string {
	return strings.TrimSpace(sentence(p.Title) + " " + p.InFull())
}

type jsonError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Action  string `json:"action"`
}

// writeJSON writes one object: the answer's fields, and the error where there is one.
func writeJSON(w io.Writer, a answer, problem *syncer.Problem) error {
	var object bytes.Buffer
	object.WriteString("{}")
	if a != nil {
		object.Reset()
		if err := encodeJSON(&object, a); err != nil {
			return err
		}
	}
	if problem != nil {
		fields, err := asFields(object.Bytes())
		if err != nil {
			return err
		}
		var e bytes.Buffer
		if err := encodeJSON(&e, jsonError{problem.Code, message(*problem), problem.OnTerminal()}); err != nil {
			return err
		}
		fields["error"] = e.Bytes()
		object.Reset()
		if err := encodeJSON(&object, fields); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s\n", bytes.TrimSpace(object.Bytes()))
	return err
}

func asFields(object []byte) (map[string]json.RawMessage, error) {
	fields := map[string]json.RawMessage{}
	err := json.Unmarshal(object, &fields)
	return fields, err
}

// encodeJSON leaves <, > and & in names as they are.
func encodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// stamp is a time as JSON has it: RFC 3339 in UTC with all nine digits of the nanoseconds; null for none.
type stamp time.Time

const stampLayout = "2006-01-02T15:04:05.000000000Z"

// MarshalJSON implements [json.Marshaler].
func (s stamp) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	if t.IsZero() {
		return []byte("null"), nil
	}
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return nil, errors.New("write a time: its year is beyond four digits")
	}
	return []byte(t.UTC().Format(`"` + stampLayout + `"`)), nil
}
