package node

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
)

// The shapes of Kubo's answers. Everything here reads bytes from outside, to the end of the answer, and fails rather
// than return a part.

// decodeOne reads an answer that is one JSON value.
func decodeOne(r io.Reader, v any) error {
	dec := json.NewDecoder(r)
	if err := dec.Decode(v); err != nil {
		return unreadable(err)
	}
	return ended(dec)
}

// ended reads to the end, where a stream's late error waits.
func ended(dec *json.Decoder) error {
	if _, err := dec.Token(); err == nil {
		return nonsense("it goes on after its end")
	} else if err != io.EOF {
		return unreadable(err)
	}
	return nil
}

// unreadable tells a broken connection, or an error at the end of a stream, from JSON that is none.
func unreadable(err error) error {
	_, wire := errors.AsType[*wireError](err)
	_, answer := errors.AsType[*answerError](err)
	if wire || answer {
		return err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nonsense("it is cut short")
	}
	return nonsense("%s", quote(err.Error()))
}

// readNothing reads the answer of a command that has none.
func readNothing(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err == nil && len(bytes.TrimSpace(text)) > 0 {
		err = nonsense("more than its end")
	}
	return err
}

// imported is what dag/import must confirm.
type imported struct {
	root   cid.Cid // pinned; undefined: nothing is
	blocks int
}

// read demands both: the root reported as pinned when one was to be, and at the end the count of all blocks. The
// status was 200 long before.
func (want imported) read(r io.Reader) error {
	pinned, counted := false, false
	for dec := json.NewDecoder(r); ; {
		var event struct {
			Root *struct {
				Cid         json.RawMessage // {"/": "bafy…"}
				PinErrorMsg *string
			}
			Stats *struct{ BlockCount *int64 }
		}
		switch err := dec.Decode(&event); {
		case err == io.EOF && !counted:
			return nonsense("it does not say how many blocks it took")
		case err == io.EOF && want.root.Defined() && !pinned:
			return nonsense("it does not say that the root is pinned")
		case err == io.EOF:
			return nil
		case err != nil:
			return unreadable(err)
		}
		if root := event.Root; root != nil {
			var link struct {
				CID string `json:"/"`
			}
			if err := json.Unmarshal(root.Cid, &link); err != nil || root.PinErrorMsg == nil {
				return nonsense("a root without a name or a result")
			}
			if *root.PinErrorMsg != "" {
				return &answerError{message: "pin root: " + *root.PinErrorMsg, kubo: true}
			}
			if c, err := cid.Decode(link.CID); err != nil || !want.root.Defined() || c != want.root {
				return nonsense("it pinned another root")
			}
			pinned = true
		}
		if stats := event.Stats; stats != nil {
			if counted || stats.BlockCount == nil || *stats.BlockCount != int64(want.blocks) {
				return nonsense("it did not take all of the %d blocks", want.blocks)
			}
			counted = true
		}
	}
}

// readPinAdd follows a pin to its end, and calls progress with the number of its blocks whenever it got further.
func readPinAdd(r io.Reader, c cid.Cid, progress func(blocks int64)) error {
	var pinned bool
	var nodes int64
	for dec := json.NewDecoder(r); ; {
		var event struct {
			Pins     []string
			Progress int64
		}
		switch err := dec.Decode(&event); {
		case err == io.EOF && !pinned:
			return nonsense("it does not say that it pinned")
		case err == io.EOF:
			return nil
		case err != nil:
			return unreadable(err)
		}
		if event.Progress > nodes {
			nodes = event.Progress
			progress(nodes)
		}
		if event.Pins != nil {
			if err := samePins(event.Pins, c); err != nil {
				return err
			}
			pinned = true
		}
	}
}

// readPins reads the answer that names the pins which changed; they must be want, in order.
func readPins(r io.Reader, want ...cid.Cid) error {
	var answer struct{ Pins []string }
	if err := decodeOne(r, &answer); err != nil {
		return err
	}
	return samePins(answer.Pins, want...)
}

func samePins(got []string, want ...cid.Cid) error {
	same := slices.EqualFunc(got, want, func(s string, c cid.Cid) bool {
		d, err := cid.Decode(s)
		return err == nil && d == c
	})
	if !same {
		return nonsense("it names other pins than asked for")
	}
	return nil
}

// readPinList reads recursive pins, ordered by CID. Kubo answers {"Keys": {cid: {"Type", "Name"}}}, and {} for none.
func readPinList(r io.Reader) ([]Pin, error) {
	var answer *struct {
		Keys map[string]struct{ Type, Name string }
	}
	if err := decodeOne(r, &answer); err != nil {
		return nil, err
	}
	if answer == nil {
		return nil, nonsense("no list of pins")
	}
	pins := make([]Pin, 0, len(answer.Keys))
	for name, pin := range answer.Keys {
		c, err := cid.Decode(name)
		if err != nil || pin.Type != "recursive" {
			return nil, nonsense("a pin that is none")
		}
		pins = append(pins, Pin{CID: c, Name: pin.Name})
	}
	slices.SortFunc(pins, func(a, b Pin) int { return strings.Compare(a.CID.KeyString(), b.CID.KeyString()) })
	return pins, nil
}

// readEntries reads a directory listing. Kubo answers {"Entries": [{"Name", "Hash", …}]}, or null for an empty one.
func readEntries(r io.Reader) ([]Entry, error) {
	raw := map[string]json.RawMessage{}
	if err := decodeOne(r, &raw); err != nil {
		return nil, err
	}
	list, ok := raw["Entries"]
	if !ok {
		return nil, nonsense("no list of entries")
	}
	var entries []struct{ Name, Hash string }
	if err := json.Unmarshal(list, &entries); err != nil {
		return nil, unreadable(err)
	}
	out := make([]Entry, 0, len(entries))
	for _, e := range entries {
		c, err := cid.Decode(e.Hash)
		if err != nil || e.Name == "" {
			return nil, nonsense("an entry without a name or a CID")
		}
		out = append(out, Entry{Name: e.Name, CID: c})
	}
	return out, nil
}

// readRemoval reads the answer of files/rm: nothing, or 200 with what could not be removed.
func readRemoval(r io.Reader) error {
	var complaint *string
	switch err := json.NewDecoder(r).Decode(&complaint); {
	case err == io.EOF:
		return nil
	case err != nil:
		return unreadable(err)
	case complaint == nil:
		return nonsense("a complaint without words")
	}
	return &answerError{message: *complaint, kubo: true}
}

// readGC reads the stream of removed blocks to its end and reports the first error among them.
func readGC(r io.Reader) error {
	var first error
	for dec := json.NewDecoder(r); ; {
		var event struct{ Error string }
		if err := dec.Decode(&event); err == io.EOF {
			return first
		} else if err != nil {
			return cmp.Or(first, unreadable(err)) // after an error in the stream, Kubo also ends it with one
		}
		if event.Error != "" && first == nil {
			first = &answerError{message: event.Error, kubo: true}
		}
	}
}
