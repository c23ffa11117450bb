package ui

import (
	"context"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2/theme"

	"roost/packaging/kit/install"
	"roost/syncer"
	"roost/ui/kit"
	"roost/vault/node/code"
)

func TestANewStorageMayJoinOneThatAnotherMachineRuns(t *testing.T) {
	speak(t, "en")
	appIn(theme.VariantLight)
	boxes := boxesOf([]syncer.StorageStatus{
		{Name: "here", Dir: "/srv/roost"},
		{Name: "loop", URL: "http://127.0.0.1:5001"},
		{Name: "Pi", URL: "https://192.168.1.20:5443"},
		{Name: "Attic", URL: "https://[fd00::7]:5443"},
	})
	if len(boxes) != 2 {
		t.Fatalf("others can be joined with: %+v", boxes)
	}
	if q := newJoinQuestion(nil, "pi"); q.root.Visible() {
		t.Error("it is asked whom to join with, where there is nobody")
	} else if find, ok := q.read(); find != nil || !ok {
		t.Error("it joins nobody, and does not go on")
	}
	q := newJoinQuestion(boxes, "pi")
	if find, ok := q.read(); find != nil || !ok {
		t.Error("on its own it does not go on")
	}
	q.choice.Choose(2)
	if find, ok := q.read(); ok {
		t.Errorf("without user and code it goes on: %v", find != nil)
	}
	for user, want := range map[string]bool{"pi": true, "a b": false, "": false} {
		q.user.SetText(user)
		if find, ok := q.read(); ok != want || (find != nil) != want {
			t.Errorf("as %q it goes on: %v", user, ok)
		}
	}
	q.code.SetText("hello")
	if _, ok := q.read(); ok {
		t.Error("with a code that is none it goes on")
	}
	alone, err := code.Code{Name: "Attic", Addresses: []string{"https://192.168.1.20:5443"}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	q.code.SetText(alone)
	if _, ok := q.read(); ok {
		t.Error("with the code of a storage that is in no network it goes on")
	}
	n, err := code.ParseNetwork("/key/swarm/psk/1.0.0/\n/base16/\n"+strings.Repeat("5a", 32)+"\n", "")
	if err != nil {
		t.Fatal(err)
	}
	in, err := code.Code{Name: "Attic", Addresses: []string{"https://192.168.1.20:5443"}, Network: &n}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	q.code.SetText(" " + in + "\n")
	find, ok := q.read()
	if !ok {
		t.Fatal("with the code of a member it does not go on")
	}
	if got, err := find(t.Context(), install.Options{}); err != nil || got.Key != n.Key {
		t.Errorf("it joins another network: %v", err)
	}
}

// TestTheWindowAsksWhetherANewStorageJoins: where there is one to join, and only there.
func TestTheWindowAsksWhetherANewStorageJoins(t *testing.T) {
	now := storageSamples()["one"]
	i := slices.IndexFunc(now.Storages, syncer.StorageStatus.Elsewhere)
	if i < 0 {
		t.Fatal("no storage of the sample is elsewhere")
	}
	d := newDesk(t, stillEngine{now: now, record: &record{}}, Storages)
	d.w.draw(now)
	d.settle()
	d.tap("Add storage")
	d.tap("Help me set one up")
	d.tap("A small computer at home")
	d.tap("Install it for me")
	d.sees("How should the new storage work?", "On its own")
	d.seesNot("Password there")
	d.tap("Together with " + kit.Shown(now.Storages[i].Name))
	d.sees("User there", "Password there", "Or its connection code")
	d.tap("On its own")
	d.seesNot("Password there")
}

// looksNearby is an engine that looks for storages in the local network.
type looksNearby struct {
	stillEngine
	calls *[]string
	err   *error
}

func (e looksNearby) FixNode(_ context.Context, name, check string) error {
	*e.calls = append(*e.calls, "fix "+check+" of "+name)
	return *e.err
}

// TestAStorageThatMovedIsLookedForNearby: from the page that asks where it is now.
func TestAStorageThatMovedIsLookedForNearby(t *testing.T) {
	now := storageSamples()["one"]
	calls, err := []string{}, error(syncer.ErrNotNearby)
	d := newDesk(t, looksNearby{stillEngine{now: now, record: &record{}}, &calls, &err}, Storages)
	d.w.draw(now)
	d.settle()
	name := now.Storages[0].Name
	moved := func() {
		d.w.screens[Storages].(*storagesScreen).readdress(name)
		d.settle()
	}
	moved()
	d.tap("I have a connection code")
	d.sees("The connection code")
	d.tap("Back")
	d.tap("Look for it in this network")
	d.sees("Your storage was not found in this network")
	err = nil
	d.tap("Look for it in this network")
	d.seesNot("Look for it in this network")
	if want := []string{"fix reachable of " + name, "fix reachable of " + name}; !slices.Equal(calls, want) {
		t.Errorf("asked for was %q, want %q", calls, want)
	}
}
