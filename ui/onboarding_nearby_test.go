package ui

import (
	"context"
	"errors"
	"strings"
	"testing"

	"roost/syncer"
	"roost/vault/node/code"
	"roost/vault/node/nodetest"
)

func TestStoragesNearbyAreShownAndTakeTheirCode(t *testing.T) {
	d := nodetest.StartKubo(t)
	given := code.Code{Name: "attic", Addresses: []string{d.URL}, Token: d.Token}
	text, err := given.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c := newComputer(t)
	c.w.nearby = func(context.Context) ([]syncer.Nearby, error) {
		return []syncer.Nearby{
			{Name: "Pi in the attic", Fingerprint: strings.Repeat("ab", 32), Addresses: []string{"https://192.168.1.20:5443"}},
			{Fingerprint: strings.Repeat("cd", 32), Addresses: []string{"https://[fd00::7]:5443"}},
		}, nil
	}
	c.tap("Keep my folders safe")
	c.tap("Help me set one up")
	c.tap("A small computer at home")
	c.tap("Install it for me")
	c.until("Found in this network")
	c.tap("Back")
	c.tap("Back")
	c.tap("Back")
	c.tap("A device that I already run")
	c.until("Found in this network")
	if !c.sees("fd00::7") || !c.sees("At 192.168.1.20. Its connection code lets this computer in.") || c.sees("Looking for storages in this network") {
		t.Error("what was found is not shown")
	}
	c.tap("Pi in the attic")
	c.until("The connection code of Pi in the attic")
	c.tap("Back")
	c.until("Found in this network")
	c.tap("Pi in the attic")
	c.paste("Connection code", text) // whose storage shows no certificate
	c.tap("Continue")
	c.until("This code is for another storage")
	c.tap("Use it anyway")
	c.until("24 words bring everything back")
}

func TestWhereNothingIsNearbyNothingIsSaid(t *testing.T) {
	for what, nearby := range map[string]Nearby{
		"nothing":    func(context.Context) ([]syncer.Nearby, error) { return nil, nil },
		"no network": func(context.Context) ([]syncer.Nearby, error) { return nil, errors.New("no network") },
	} {
		t.Run(what, func(t *testing.T) {
			c := newComputer(t)
			c.w.nearby = nearby
			c.tap("Keep my folders safe")
			c.tap("A device that I already run")
			c.untilGone("Looking for storages in this network")
			if c.sees("Found in this network") || c.sees("no network") {
				t.Error("something is said")
			}
		})
	}
}

// TestASearchEndsWithItsStep: who goes on is not searched for any longer.
func TestASearchEndsWithItsStep(t *testing.T) {
	c := newComputer(t)
	ended := make(chan struct{})
	c.w.nearby = func(ctx context.Context) ([]syncer.Nearby, error) {
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}
	c.tap("Keep my folders safe")
	c.tap("A device that I already run")
	c.until("Looking for storages in this network")
	c.tap("Back")
	<-ended
}
