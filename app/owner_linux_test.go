//go:build !headless

package main

import (
	"encoding/xml"
	"os"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"roost/ui"
)

// polkit is on a bus of the test's own what a system's is.
type polkit struct {
	mu      sync.Mutex // guards all: the bus calls from goroutines of its own
	answers []authorization
	asked   []struct {
		kind, name, action string
		flags              uint32
	}
	unknown bool // the action is not installed
}

func (p *polkit) change(do func(*polkit)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(p)
}

// CheckAuthorization is org.freedesktop.PolicyKit1.Authority's.
func (p *polkit) CheckAuthorization(subject struct {
	Kind    string
	Details map[string]dbus.Variant
}, action string, details map[string]string, flags uint32, cancellation string, sender dbus.Sender,
) (authorization, *dbus.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, _ := subject.Details["name"].Value().(string)
	p.asked = append(p.asked, struct {
		kind, name, action string
		flags              uint32
	}{subject.Kind, name, action, flags})
	if p.unknown || len(details) > 0 || cancellation != "" || name != string(sender) {
		return authorization{}, dbus.NewError("org.freedesktop.PolicyKit1.Error.Failed", []any{"Action is not registered"})
	}
	a := p.answers[0]
	p.answers = p.answers[1:]
	return a, nil
}

func startPolkit(t *testing.T, address string) *polkit {
	t.Helper()
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	p := &polkit{}
	if err := bus.Export(p, polkitPath, polkitName+".Authority"); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.RequestName(polkitName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return p
}

// What polkit answers, and what it means; how it answers is written down in its own reference of D-Bus interfaces.
func TestTheSystemIsAskedWhoSitsHere(t *testing.T) {
	address := startBus(t)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
	var d thisDesktop
	if d.AsksLogIn(t.Context()) {
		t.Error("a system without polkit is said to ask")
	}
	if got, err := d.AskLogIn(t.Context()); err == nil || got != ui.LogInNotAsked {
		t.Errorf("without polkit: %v, %v", got, err)
	}

	p := startPolkit(t, address)
	dismissed := authorization{Details: map[string]string{"polkit.dismissed": "true"}}
	challenge, given := authorization{Challenge: true}, authorization{Authorized: true}
	p.change(func(p *polkit) { p.answers = []authorization{challenge, given} })
	if !d.AsksLogIn(t.Context()) || d.AsksLogIn(t.Context()) { // who is let through unasked is not asked
		t.Error("whether the system asks is said wrongly")
	}
	for _, c := range []struct {
		answer authorization
		want   ui.LogIn
	}{{given, ui.LogInGiven}, {dismissed, ui.LogInRefused}, {authorization{}, ui.LogInRefused}, {challenge, ui.LogInNotAsked}} {
		p.change(func(p *polkit) { p.answers = []authorization{c.answer} })
		if got, err := d.AskLogIn(t.Context()); err != nil || got != c.want {
			t.Errorf("%+v is %v (%v), want %v", c.answer, got, err, c.want)
		}
	}
	p.change(func(p *polkit) {
		for i, x := range p.asked {
			want := uint32(letThemAsk)
			if i < 2 {
				want = onlyLookHere
			}
			if x.kind != "system-bus-name" || x.action != ownerAction || x.flags != want {
				t.Errorf("asked %+v", x)
			}
		}
		p.unknown = true
	})
	if d.AsksLogIn(t.Context()) {
		t.Error("an action that is not installed is said to be asked for")
	}
}

// The action that is asked for is the one that a package installs, and it asks every time.
func TestThePolicyDescribesTheAction(t *testing.T) {
	text, err := os.ReadFile("../packaging/" + appID + ".policy")
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Action []struct {
			ID       string   `xml:"id,attr"`
			Messages []string `xml:"message"`
			Defaults struct {
				Any      string `xml:"allow_any"`
				Inactive string `xml:"allow_inactive"`
				Active   string `xml:"allow_active"`
			} `xml:"defaults"`
		} `xml:"action"`
	}
	if err := xml.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	if len(policy.Action) != 1 || policy.Action[0].ID != ownerAction || len(policy.Action[0].Messages) != 5 {
		t.Fatalf("the policy describes %+v", policy.Action)
	}
	if d := policy.Action[0].Defaults; d.Any != "auth_self" || d.Inactive != "auth_self" || d.Active != "auth_self" {
		t.Errorf("it lets through: %+v", d)
	}
}
