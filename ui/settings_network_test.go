package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/vault/node/code"
)

// One page says what strangers see of a storage in each of three ways, and takes the one on this computer into a network and
// out again. Its secret code is on the screen only while it is asked for.
func TestWhoCanFindAStorageIsExplainedAndChosen(t *testing.T) {
	d := networkDesk(t, "en", theme.VariantLight)
	chosen := d.w.engine.(stillEngine).chooser.(*sampleChooser)
	d.sees("Quiet: as Roost sets it up", "Family network: when you choose it", "Announced: never by Roost", "storage is quiet.")
	d.seesNot("Show the network's code")

	d.tap("Make a family network")
	d.sees("storage is in a family network. The others find it at port 5444 of this computer, while that is on.")
	d.seesNot(sampleNetworkCode)
	d.tap("Show the network's code")
	d.sees("A picture of the network's code", sampleNetworkCode)
	d.tap("Close")
	d.seesNot(sampleNetworkCode)

	d.tap("Leave the network…")
	d.tap("Leave the network")
	d.sees("storage is quiet.")

	d.tap("Join with a code…")
	d.fill("Code of the network, or of a storage in it", sampleNetworkCode)
	chosen.err = code.ErrTruncated
	d.tap("Join")
	d.sees("The connection code is not complete")
	chosen.err = syncer.ErrNotRunHere
	d.tap("Join")
	d.sees("This storage is run by another machine")
	chosen.err = nil
	d.tap("Join")
	d.seesNot("Join a family network")
	d.sees("Show the network's code")

	last := chosen.changes[len(chosen.changes)-1]
	if string(last.Join) != sampleNetworkCode || last.Storage != "storage" || last.Make || last.Leave {
		t.Errorf("it was asked to make %t, leave %t, of %q", last.Make, last.Leave, last.Storage)
	}
	if !chosen.changes[0].Make || !chosen.changes[1].Leave {
		t.Errorf("%d changes were asked for, others than were tapped", len(chosen.changes))
	}
}

// A computer that runs no storage is told where the network is made instead.
func TestWithoutAStorageHereThePageSaysWhereToGo(t *testing.T) {
	d := settingsDesk(t, "en", theme.VariantLight, section{kind: sectionNetwork})
	d.sees("This computer runs no storage.")
	d.seesNot("Make a family network")
	if !strings.Contains(strings.Join(d.said(), "\n"), "sudo roost-node network make") {
		t.Error("it does not say where")
	}
	if got := d.w.engine.(stillEngine).chooser.(*sampleChooser).changes; len(got) > 0 {
		t.Errorf("something was changed: %d times", len(got))
	}
}

// What strangers see stands where it is turned on.
func TestTheWordsAloneLeadToTheStorageOnlyWhenThatIsTurnedOn(t *testing.T) {
	d := settingsDesk(t, "en", theme.VariantLight, section{kind: sectionNetwork})
	d.sees("With the words alone")
	if !strings.Contains(strings.Join(d.said(), "\n"), "Let my recovery words alone lead to my storage, off") {
		t.Errorf("it is not off: %q", d.said())
	}
}
