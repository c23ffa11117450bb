package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roost/syncer"
	"roost/vault/format"
	"roost/vault/keystore"
	"roost/vault/node"
)

// spoken runs finish and returns what it wrote.
func spoken(t *testing.T, ctx context.Context, json bool, a answer, err error) (code int, stdout, stderr string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stderr")
	file, ferr := os.Create(name)
	if ferr != nil {
		t.Fatal(ferr)
	}
	defer file.Close()
	var out bytes.Buffer
	c := &call{streams: streams{out: &out, err: file}, json: json}
	code = c.finish(ctx, a, err)
	text, ferr := os.ReadFile(name)
	if ferr != nil {
		t.Fatal(ferr)
	}
	return code, out.String(), string(text)
}

func TestTheAnswerIsOneJSONObject(t *testing.T) {
	for _, tc := range []struct {
		answer answer
		err    error
		want   string
	}{
		{snapshotsAnswer{Snapshots: []versionJSON{}}, nil, `{"snapshots":[],"stale":false}`},
		{newFoldersAnswer("list", nil), nil, `{"folders":[]}`},
		{newStatusAnswer(syncer.Status{State: "safe"}), nil, `{"state":"safe","folders":[],"problems":[],"queue":0,"storages":[],` +
			`"device":"","watching":false,"progress":null,"paused_until":null,"saved":null,"proof":{"checked":null,"found":0,"read_all":null,"drills":[]},"restore":null}`},
		{newRestoreAnswer(&syncer.Restored{}), nil, `{"restored":0,"bytes":0,"same":0,"failed":[]}`},
		{newVerifyAnswer(&syncer.Checked{OK: true}, 100), nil, `{"ok":true,"checked_blocks":0,"checked_bytes":0,"problems":[],"mended":0}`},
		{phraseAnswer{[]string{"<&>"}}, nil, `{"words":["<&>"]}`},
		{nil, nil, `{}`},
		{nil, usage(nil, "no"), `{"error":{"code":"usage","message":"No.","action":"Run: roost --help"}}`},
		{
			checkedAnswer{},
			usage(nil, "no"),
			`{"error":{"code":"usage","message":"No.","action":"Run: roost --help"},"ok":false}`,
		},
	} {
		_, got, _ := spoken(t, t.Context(), true, tc.answer, tc.err)
		if strings.TrimSpace(got) != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	failed := newRestoreAnswer(&syncer.Restored{Failed: []syncer.Failure{{Path: "a", Reason: "in the way"}}})
	for _, tc := range []struct {
		answer answer
		err    error
		want   int
	}{
		{checkedAnswer{}, nil, 0},
		{failed, nil, 1},
		{backupAnswer{Snapshots: []savedJSON{{Missing: true}}}, nil, 1},
		{backupAnswer{Snapshots: []savedJSON{{Skipped: []skippedJSON{{Failed: true}}}}}, nil, 1},
		{backupAnswer{Snapshots: []savedJSON{{Skipped: []skippedJSON{{Failed: false}}}}}, nil, 0},
		{demoAnswer{}, nil, 1},
		{nil, usage(nil, "no"), 2},
		{nil, node.ErrUnreachable, 3},
		{failed, fmt.Errorf("save: %w", node.ErrUnauthorized), 3},
		{nil, keystore.ErrWrongPassphrase, 4},
		{nil, syncer.ErrNoSetup, 4},
		{failed, damageOf(&syncer.Restored{Failed: []syncer.Failure{{Damage: true}}}), 5},
		{nil, format.ErrDamaged, 5},
		{nil, syncer.ErrBusy, 6},
		{nil, syncer.ErrHome, 7},
		{nil, computerError("it cannot be written", io.ErrShortWrite), 7},
		{nil, errors.New("a bug"), 7}, // 1 would promise that the rest was done
	} {
		code, _, words := spoken(t, t.Context(), false, tc.answer, tc.err)
		if code != tc.want {
			t.Errorf("%v: %d, want %d", tc.err, code, tc.want)
		}
		if (words == "") != (tc.err == nil) {
			t.Errorf("%v: said %q", tc.err, words)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if code, _, _ := spoken(t, ctx, false, nil, node.ErrUnreachable); code != 130 {
		t.Errorf("interrupted: %d", code)
	}
	if code, _, _ := spoken(t, ctx, false, checkedAnswer{}, nil); code != 0 {
		t.Errorf("done before the signal: %d", code)
	}
}

func TestAnErrorSaysOneNextStepAndTheDetails(t *testing.T) {
	_, _, got := spoken(t, t.Context(), false, nil, fmt.Errorf("list pins:\n%w", node.ErrUnreachable))
	if lines := strings.Split(strings.TrimSpace(got), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "roost: ") ||
		!strings.Contains(lines[0], "saved files are safe") || lines[2] != "Details: list pins:; storage cannot be reached" {
		t.Errorf("%q", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnAnswerThatCannotBeWrittenIsNoSuccess(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, json := range []bool{false, true} {
		c := &call{streams: streams{out: brokenPipe{}, err: null}, json: json}
		if code := c.finish(t.Context(), phraseAnswer{[]string{"a"}}, nil); code != syncer.ExitHome {
			t.Errorf("json %v: exit code %d", json, code)
		}
	}
}

func TestTimesHaveNanosecondsInUTC(t *testing.T) {
	lisbon := time.FixedZone("west", -3600)
	for _, tc := range []struct {
		time time.Time
		want string
	}{
		{time.Date(2026, 11, 20, 23, 30, 1, 5, lisbon), `"2026-11-21T00:30:01.000000005Z"`},
		{time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC), `"1969-12-31T23:59:59.999999999Z"`},
		{time.Time{}, `null`},
	} {
		got, err := stamp(tc.time).MarshalJSON()
		if err != nil || string(got) != tc.want {
			t.Errorf("got %s, %v; want %s", got, err, tc.want)
		}
	}
	if _, err := stamp(time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)).MarshalJSON(); err == nil {
		t.Error("a year of five digits is not RFC 3339")
	}
}
