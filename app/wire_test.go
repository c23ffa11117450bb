package main

import (
	"bytes"
	"testing"
	"time"

	"roost/syncer"
)

// FuzzRequest: whatever a process writes to the socket is a request or an error.
func FuzzRequest(f *testing.F) {
	for _, args := range []any{
		nil,
		backupArgs{[]string{"/a\xff"}},
		syncer.RestoreOptions{Paths: []string{"b"}},
		pauseArgs{"/a", time.Unix(1, 2)},
		syncer.SetupOptions{URL: "https://pi"},
		setArgs{"settle", "5s"},
	} {
		f.Add([]byte(must(encodeWire(request{Args: must(encodeWire(args)), Report: true}))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var ask request
		if err := newWireReader(bytes.NewReader(data), maxRequest).next(&ask); err != nil {
			return
		}
		for name, do := range methods {
			if _, err := do(t.Context(), refusing{}, ask.Args, nil); err == nil {
				t.Errorf("%s did what was refused", name)
			}
		}
	})
}

// FuzzAnswer: whatever another process answers has a last frame or is an error.
func FuzzAnswer(f *testing.F) {
	status := must(encodeWire(syncer.Status{State: "safe", Folders: []syncer.FolderStatus{{Path: "/a\xff"}}}))
	f.Add([]byte(must(encodeWire(frame{Item: status}))))
	f.Add([]byte(must(encodeWire(frame{Progress: &syncer.Progress{Phase: "saving"}}))))
	f.Add(append([]byte(must(encodeWire(frame{Item: status}))), must(encodeWire(frame{
		Last: true, Result: status, Error: &wireError{Problem: syncer.Describe(syncer.ErrBusy), Detail: "busy"},
	}))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		last, err := readAnswer(bytes.NewReader(data), func(f *frame) error {
			var s syncer.Status
			return decodeWire(f.Item, &s)
		})
		if (err == nil) != (last != nil && last.Last) {
			t.Fatalf("%+v, %v", last, err)
		}
		if last == nil {
			return
		}
		var list []syncer.Version
		var got *syncer.Restored
		_, _ = decodeWire(last.Result, &list), decodeWire(last.Result, &got) // whether they are such or not
		if (last.err(t.Context()) == nil) != (last.Error == nil) {
			t.Error("an error is lost or made up")
		}
	})
}
