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
		{snapshotsAnswer{Snapshots: []versionJSON{}, Problems: []problemJSON{}}, nil, `{"snapshots":[],"stale":false,"problems":[]}`},
		{newFoldersAnswer("list", nil), nil, `{"folders":[]}`},
		{newStatusAnswer(syncer.Status{State: "safe"}), nil, `{"state":"safe","folders":[],"problems":[],"queue":0,"storages":[],"copies":{"wanted":0,"confirmed":0},` +
			`"device":"","watching":false,"progress":null,"paused_until":null,"saved":null,"proof":{"checked":null,"found":0,"read_all":null,"drills":[]},"restore":null,"bring":null}`},
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

// TestTheDetailsDoNotSayTheSameAgain: an error whose own words are the message already.
func TestTheDetailsDoNotSayTheSameAgain(t *testing.T) {
	err := fmt.Errorf("%w: more than one computer is called %q; say which by the beginning of its id: 1234, 5678", syncer.ErrUsage, "laptop")
	_, _, text := spoken(t, t.Context(), false, nil, err)
	if strings.Count(text, "say which") != 1 || strings.Contains(text, "Details") {
		t.Errorf("it says %q", text)
	}
}

// TestWhatCannotBeUsedIsSaidBesideTheAnswer, on stderr and in the JSON, each thing by its name and the next step once.
func TestWhatCannotBeUsedIsSaidBesideTheAnswer(t *testing.T) {
	name := filepath.Join(t.TempDir(), "stderr")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c := &call{streams: streams{err: file}}
	var found []syncer.Problem
	for i := range maxNamed + 2 {
		p := syncer.Describe(format.ErrDamaged)
		p.Detail = fmt.Sprintf("Backup state %d: a\nb.", i)
		found = append(found, p)
	}
	all := c.warn(found)
	if len(all) != len(found) || all[0].Code != "damaged" || !strings.Contains(all[0].Text, "Backup state 0") {
		t.Errorf("as JSON: %+v", all)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != maxNamed+2 || !strings.Contains(lines[1], "Backup state 1: a; b.") || !strings.Contains(lines[maxNamed], "--json") || lines[maxNamed+1] != found[0].Terminal {
		t.Errorf("it says %q", text)
	}
	if none := c.warn(nil); none == nil || len(none) > 0 {
		t.Errorf("of nothing: %v", none)
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
