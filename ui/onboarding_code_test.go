package ui

import (
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"roost/vault/node/code"
	"roost/vault/node/nodetest"
)

// A connection code is all that has to be known of a storage: pasted, or dropped as a picture, be it locked or not.
func TestAConnectionCodeLeadsToItsStorage(t *testing.T) {
	d := nodetest.StartKubo(t)
	given := code.Code{Name: "Pi", Addresses: []string{d.URL}, Token: d.Token}
	open, err := given.Encode()
	if err != nil {
		t.Fatal(err)
	}
	locked, err := given.Seal("seven geese")
	if err != nil {
		t.Fatal(err)
	}
	drop := func(c *computer, name string, data []byte) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if !c.w.onboarding.drop([]fyne.URI{storage.NewFileURI(path)}) {
			t.Errorf("%s is not taken", name)
		}
	}
	t.Run("pasted", func(t *testing.T) {
		c := newComputer(t)
		c.tap("Keep my folders safe")
		c.tap("I have a connection code")
		c.paste("Connection code", "http://192.0.2.1:5001")
		c.tap("Continue")
		c.until("This is not a connection code")
		c.paste("Connection code", open[:20]+"\n"+open[20:len(open)-3])
		c.tap("Continue")
		c.until("The connection code is not complete")
		c.paste("Connection code", " "+open[:20]+"\n"+open[20:]+"\n")
		c.tap("Continue")
		c.until("24 words bring everything back")
	})
	t.Run("a picture of a locked one, dropped", func(t *testing.T) {
		c := newComputer(t)
		cat := picture(t, 60, 40)
		qr, err := code.PNG(locked)
		if err != nil {
			t.Fatal(err)
		}
		c.tap("Keep my folders safe")
		c.tap("I have a connection code")
		drop(c, "cat.png", []byte(cat))
		c.until("No code can be read in this picture")
		drop(c, "code.png", qr)
		c.until("Password of the code")
		c.enter("Password of the code", "seven ducks")
		c.tap("Continue")
		c.until("This is not the password of the connection code")
		c.enter("Password of the code", "seven geese")
		c.tap("Continue")
		c.until("24 words bring everything back")
	})
}
