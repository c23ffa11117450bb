package main

import (
	"bufio"
	"context"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"roost/syncer"
)

// screen is who shows notifications on a bus of the test's own.
type screen struct{ shown chan shownNotice }

type shownNotice struct {
	replaces    uint32
	title, text string
	actions     string // "key:label key:label"
}

// Notify is org.freedesktop.Notifications.Notify; it numbers what it shows from 7.
func (d screen) Notify(_ string, replaces uint32, _, title, text string, actions []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	var all []string
	for pair := range slices.Chunk(actions, 2) {
		all = append(all, strings.Join(pair, ":"))
	}
	d.shown <- shownNotice{replaces, title, text, strings.Join(all, " ")}
	return 7, nil
}

type noticing struct {
	engine
	notices []syncer.Notice
}

func (n noticing) Notices(context.Context) iter.Seq[syncer.Notice] {
	return func(yield func(syncer.Notice) bool) {
		for _, x := range n.notices {
			if !yield(x) {
				return
			}
		}
	}
}

func TestNoticesAreShownOnTheDesktop(t *testing.T) {
	address := startBus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	d := screen{make(chan shownNotice, 10)}
	if err := bus.Export(d, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	full := syncer.Notice{Code: "storage_full", Title: "Your storage is full", Text: "Saved files are safe.", Action: "Free up space"}
	e := noticing{refusing{}, []syncer.Notice{full, {Code: "held", Title: "Most of a folder changed", Text: "It is kept."}, full}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- showNotices(ctx, slog.New(slog.DiscardHandler), e) }()
	for _, want := range []shownNotice{
		{0, "Your storage is full", "Saved files are safe.\nFree up space.", ""},
		{0, "Most of a folder changed", "It is kept.", ""},
		{7, "Your storage is full", "Saved files are safe.\nFree up space.", ""}, // in place of the first
	} {
		if got := <-d.shown; got != want {
			t.Errorf("shown %+v, want %+v", got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A notice of the app has a button, and who presses it is led to what it is about; a press on what others show is none of ours.
func TestAPressedNoticeLeadsToWhatItIsAbout(t *testing.T) {
	address := startBus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	d := screen{make(chan shownNotice, 10)}
	if err := bus.Export(d, noticesPath, noticesName); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName(noticesName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	pressed := make(chan string, 10)
	b, err := openBoard(t.Context(), func(code string) { pressed <- code })
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if err := b.show(t.Context(), "storage_full", "Your storage is full", "Saved files are safe.", "Free up space"); err != nil {
		t.Fatal(err)
	}
	if got, want := <-d.shown, (shownNotice{0, "Your storage is full", "Saved files are safe.", "default:Free up space open:Free up space"}); got != want {
		t.Errorf("shown %+v, want %+v", got, want)
	}
	for _, id := range []uint32{3, 7} { // another program's, and ours
		if err := bus.Emit(noticesPath, noticesName+".ActionInvoked", id, "default"); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-pressed; got != "storage_full" || len(pressed) > 0 {
		t.Errorf("pressed was %q, and %d more", got, len(pressed))
	}
}

func TestWithoutADesktopNoticesAreNoError(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "nobody"))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := showNotices(ctx, slog.New(slog.DiscardHandler), noticing{engine: refusing{}}); err != nil {
		t.Error(err)
	}
}

// startBus runs a message bus until the test ends and returns its address.
func startBus(t *testing.T) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "bus.conf")
	write(t, config, `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=`+os.TempDir()+`</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`)
	cmd := exec.Command("dbus-daemon", "--config-file="+config, "--nofork", "--print-address=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}
