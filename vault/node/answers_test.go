package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault/node/quiet"
)

var (
	testRoot  = cid.MustParse("bafybeidskjjd4zmr7oh6ku6wp72vvbxyibcli2r6if3ocdcy7jjjusvl2u")
	testOther = cid.MustParse("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
)

const (
	goodRoot  = `{"Root":{"Cid":{"/":"bafybeidskjjd4zmr7oh6ku6wp72vvbxyibcli2r6if3ocdcy7jjjusvl2u"},"PinErrorMsg":""}}` + "\n"
	goodStats = `{"Stats":{"BlockCount":3,"BlockBytesCount":300}}` + "\n"
)

func TestImportIsConfirmedOnlyByPinAndCount(t *testing.T) {
	pin, put := imported{root: testRoot, blocks: 3}, imported{blocks: 3}
	failed := strings.Replace(goodRoot, `"PinErrorMsg":""`, `"PinErrorMsg":"%s"`, 1)
	for _, c := range []struct {
		answer string
		want   imported
		err    error
	}{
		{goodRoot + goodStats, pin, nil},
		{goodStats, put, nil},
		{goodStats, pin, ErrProtocol},                 // not pinned
		{goodRoot + goodStats, put, ErrProtocol},      // pinned what nobody asked for
		{goodRoot, pin, ErrProtocol},                  // cut between two lines
		{goodRoot + goodStats[:20], pin, ErrProtocol}, // cut in a line
		{"", pin, ErrProtocol},
		{"null", pin, ErrProtocol},
		{"<html>", pin, ErrProtocol},
		{goodRoot + goodStats + goodStats, pin, ErrProtocol},
		{goodRoot + strings.Replace(goodStats, "3", "2", 1), pin, ErrProtocol},
		{goodRoot + strings.Replace(goodStats, "3", "4", 1), pin, ErrProtocol},
		{goodRoot + `{"Stats":{}}`, pin, ErrProtocol},
		{strings.Replace(goodRoot, `,"PinErrorMsg":""`, "", 1) + goodStats, pin, ErrProtocol},
		{strings.Replace(goodRoot, testRoot.String(), testOther.String(), 1) + goodStats, pin, ErrProtocol},
		{fmt.Sprintf(failed, "context deadline exceeded") + goodStats, pin, ErrTimeout},
		{fmt.Sprintf(failed, "write /x: no space left on device") + goodStats, pin, ErrNoSpace},
	} {
		err := c.want.read(strings.NewReader(c.answer))
		if err != nil {
			err = explain(t.Context(), t.Context(), err)
		}
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: got %v, want %v", c.answer, err, c.err)
		}
	}
	err := explain(t.Context(), t.Context(), pin.read(strings.NewReader(fmt.Sprintf(failed, `merkledag: odd\u001b[2J`)+goodStats)))
	if err == nil || strings.Contains(err.Error(), "\x1b") || !strings.Contains(err.Error(), "odd") {
		t.Errorf("an unknown pin error reads %v", err)
	}
}

func TestBrokenConnectionIsNotNonsense(t *testing.T) {
	cut := &wireError{io.ErrUnexpectedEOF}
	for name, read := range readers() {
		r := io.MultiReader(strings.NewReader(`{"Keys":{`), iotest.ErrReader(cut))
		if err := explain(t.Context(), t.Context(), read(r)); !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrProtocol) {
			t.Errorf("%s: got %v, want ErrUnreachable", name, err)
		}
		late := &answerError{message: "no space left on device", kubo: true}
		if err := explain(t.Context(), t.Context(), read(iotest.ErrReader(late))); !errors.Is(err, ErrNoSpace) {
			t.Errorf("%s: a trailer gave %v, want ErrNoSpace", name, err)
		}
	}
}

func readers() map[string]func(io.Reader) error {
	return map[string]func(io.Reader) error{
		"import":  imported{root: testRoot, blocks: 3}.read,
		"pin add": func(r io.Reader) error { return readPinAdd(r, testRoot, func(int64) {}) },
		"pins":    func(r io.Reader) error { return readPins(r, testRoot) },
		"list":    func(r io.Reader) error { _, err := readPinList(r); return err },
		"entries": func(r io.Reader) error { _, err := readEntries(r); return err },
		"removal": readRemoval,
		"gc":      readGC,
		"tables":  func(r io.Reader) error { _, err := readTables(r); return err },
		"record":  func(r io.Reader) error { _, err := readRecord(r); return err },
		"news":    func(r io.Reader) error { return readNews(r, func() {}) },
		"nothing": readNothing,
	}
}

func TestPinAddReportsProgressOnlyWhenThereIsSome(t *testing.T) {
	steps := 0
	answer := `{}{}{"Progress":2,"Bytes":9}{"Progress":2,"Bytes":9}{"Progress":3}{"Pins":["` + testRoot.String() + `"]}`
	if err := readPinAdd(strings.NewReader(answer), testRoot, func(int64) { steps++ }); err != nil {
		t.Fatal(err)
	}
	if steps != 2 {
		t.Errorf("%d steps, want 2", steps)
	}
	for _, bad := range []string{`{}{"Progress":2}`, `{"Pins":[]}`, `{"Pins":["` + testOther.String() + `"]}`} {
		if err := readPinAdd(strings.NewReader(bad), testRoot, func(int64) {}); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: got %v, want ErrProtocol", bad, err)
		}
	}
}

func TestGCReportsErrorsInItsStream(t *testing.T) {
	key := `{"Key":{"/":"` + testOther.String() + `"}}`
	if err := readGC(strings.NewReader(key + key)); err != nil {
		t.Error(err)
	}
	err := readGC(strings.NewReader(key + `{"Key":null,"Error":"could not retrieve links"}` + key))
	if err == nil || !strings.Contains(err.Error(), "could not retrieve links") {
		t.Errorf("got %v", err)
	}
}

func FuzzImportAnswer(f *testing.F) {
	f.Add([]byte(goodRoot + goodStats))
	f.Add([]byte(goodStats))
	f.Add([]byte(`{"Root":null,"Stats":{"BlockCount":3}}{"Root":{"Cid":{"/":1},"PinErrorMsg":"x"}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		err := imported{root: testRoot, blocks: 3}.read(strings.NewReader(string(answer)))
		lower := strings.ToLower(string(answer))
		if err == nil && (!strings.Contains(lower, "blockcount") && !strings.Contains(lower, `\u`)) {
			t.Errorf("confirmed by %q", answer)
		}
		fuzzed(t, err)
	})
}

func FuzzPinList(f *testing.F) {
	f.Add([]byte(`{"Keys":{"` + testRoot.String() + `":{"Type":"recursive","Name":"x"}}}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"Keys":null}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		pins, err := readPinList(strings.NewReader(string(answer)))
		for _, p := range pins {
			if !p.CID.Defined() || err != nil {
				t.Errorf("%v with %v", pins, err)
			}
		}
		fuzzed(t, err)
		fuzzed(t, readPinAdd(strings.NewReader(string(answer)), testRoot, func(int64) {}))
		fuzzed(t, readPins(strings.NewReader(string(answer)), testRoot))
	})
}

func FuzzEntries(f *testing.F) {
	f.Add([]byte(`{"Entries":[{"Name":"a","Type":0,"Size":0,"Hash":"` + testRoot.String() + `"}]}`))
	f.Add([]byte(`{"Entries":null}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		entries, err := readEntries(strings.NewReader(string(answer)))
		for _, e := range entries {
			if !e.CID.Defined() || e.Name == "" || err != nil {
				t.Errorf("%v with %v", entries, err)
			}
		}
		fuzzed(t, err)
		fuzzed(t, readRemoval(strings.NewReader(string(answer))))
		fuzzed(t, readGC(strings.NewReader(string(answer))))
	})
}

func FuzzRecordAnswer(f *testing.F) {
	f.Add([]byte(`{"Extra":"cmVjb3Jk","ID":"","Responses":null,"Type":5}`))
	f.Add([]byte(`{"Extra":"","Type":5}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		record, err := readRecord(strings.NewReader(string(answer)))
		if err == nil && (len(record) == 0 || len(record) > MaxRecordSize) {
			t.Errorf("a record of %d bytes", len(record))
		}
		fuzzed(t, err)
		_, err = readTables(strings.NewReader(string(answer)))
		fuzzed(t, err)
	})
}

// fuzzed checks that an error of a decoder is one that callers can act on and a terminal can show.
func fuzzed(t *testing.T, err error) {
	if err == nil {
		return
	}
	err = explain(context.Background(), context.Background(), err)
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("error with control characters: %q", err)
	}
}

func TestAuthorizationFollowsTheTokensForm(t *testing.T) {
	for token, want := range map[string]string{
		"":                      "",
		"bearer:abc":            "Bearer abc",
		"Bearer abc":            "Bearer abc",
		" abc\n":                "Bearer abc",
		"basic:me:pass:word":    "Basic bWU6cGFzczp3b3Jk",
		"me:pass:word":          "Basic bWU6cGFzczp3b3Jk",
		"bearer:with:a:colon":   "Bearer with:a:colon",
		"basic:nobody":          "!",
		"bearer:a\r\nX-Evil: b": "!",
	} {
		got, err := authorization(token)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("%q became %q, want %q", token, got, want)
		}
	}
}

func TestPlainHTTPNeverConnectsBeyondThisComputer(t *testing.T) {
	_, err := dialer(true, meters{own: new(Meter)})(t.Context(), "tcp", "192.0.2.1:80") // wherever the name pointed
	if !errors.Is(err, ErrInsecure) {
		t.Errorf("got %v, want ErrInsecure", err)
	}
}

func TestTheNodeGivesUpBeforeWeDo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if got := nodeTimeout(ctx, time.Hour); got > 9*time.Second || got < 8*time.Second {
		t.Errorf("with 10 s left the node gets %v", got)
	}
	if got := nodeTimeout(t.Context(), time.Hour); got != time.Hour-5*time.Second {
		t.Errorf("of an hour the node gets %v", got)
	}
	over, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	if got := nodeTimeout(over, time.Hour); got != time.Millisecond {
		t.Errorf("without time the node gets %v", got)
	}
}

func TestLogStaysShortAndKeepsItsEnd(t *testing.T) {
	log := logFile(filepath.Join(t.TempDir(), "log"))
	f, start, err := log.open()
	if err != nil || start != 0 {
		t.Fatal(start, err)
	}
	defer f.Close()
	line := strings.Repeat("x", 1023) + "\n"
	for range logMost/1024 + 1 {
		if _, err := io.WriteString(f, line); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(f, "the end\n"); err != nil {
		t.Fatal(err)
	}
	if err := log.trim(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "and on\n"); err != nil { // by the same descriptor, as the daemon does
		t.Fatal(err)
	}
	info, err := os.Stat(string(log))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > logKeep+100 || !strings.HasSuffix(string(log.since(0)), "the end\nand on\n") {
		t.Errorf("the log has %d bytes and ends in %s", info.Size(), quiet.Reason(log.since(0)))
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the log has mode %v", info.Mode())
	}
	if err := log.trim(); err != nil { // short: nothing happens
		t.Error(err)
	}
}

func FuzzNews(f *testing.F) {
	f.Add([]byte(`{"from":"12D3KooW","data":"u","seqno":"uAAA","topicIDs":["uYQ"]}` + "\n"))
	f.Add([]byte(`{}{}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		heard := 0
		err := readNews(strings.NewReader(string(answer)), func() { heard++ })
		if heard > strings.Count(string(answer), "{")+strings.Count(string(answer), "null") {
			t.Errorf("%d notices in %q", heard, answer)
		}
		fuzzed(t, err)
	})
}
