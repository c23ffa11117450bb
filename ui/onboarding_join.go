package ui

import (
	"context"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"

	"roost/packaging/kit/install"
	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
	"roost/vault/node/code"
)

// boxesOf are the storages that another machine runs, with which one more can be together in a private network.
func boxesOf(all []syncer.StorageStatus) (boxes []syncer.StorageStatus) {
	for _, s := range all {
		if s.Elsewhere() {
			boxes = append(boxes, s)
		}
	}
	return boxes
}

// joinQuestion asks whether a new storage shall be together with one that is there, and how that one lets it in.
type joinQuestion struct {
	root  *fyne.Container
	boxes []syncer.StorageStatus

	choice               *kit.Choice
	way                  *fyne.Container // how it lets the new one in; seen when one is chosen
	code, user, password *kit.Field
}

func newJoinQuestion(boxes []syncer.StorageStatus, user string) *joinQuestion {
	q := &joinQuestion{boxes: boxes}
	if len(boxes) == 0 {
		q.root = kit.VBox(0)
		q.root.Hide()
		return q
	}
	all := []kit.Alternative{{Label: lang.L("On its own"), Detail: lang.L("This computer brings it everything.")}}
	for _, b := range boxes {
		all = append(all, kit.Alternative{
			Label:  lang.L("Together with {{.Name}}", values{"Name": kit.Shown(b.Name)}),
			Detail: lang.L("The two pass on to each other what is saved, encrypted, in a network that nobody else gets into."),
		})
	}
	q.choice = kit.NewChoice(all...)
	q.user = kit.NewField(lang.L("User there"), user, lang.L("Who may change the settings of that storage."))
	q.password = passwordField(lang.L("Password there"), lang.L("It is used for this and not kept."))
	q.code = kit.NewTextField(lang.L("Or its connection code"), lang.L("Instead of user and password, if that storage is in a family network."), 3)
	q.way = kit.VBox(14, q.user.Root, q.password.Root, q.code.Root)
	q.way.Hide()
	q.root = kit.Card(kit.VBox(14, kit.Strong(lang.L("How should the new storage work?")), q.choice.Root, q.way))
	return q
}

// chosen is the storage that the new one joins; false: none.
func (q *joinQuestion) chosen() (syncer.StorageStatus, bool) {
	if q.choice == nil || q.choice.Chosen() == 0 {
		return syncer.StorageStatus{}, false
	}
	return q.boxes[q.choice.Chosen()-1], true
}

// joinFunc finds out the private network that is to be joined. How to log in, and who is asked, is in the options.
type joinFunc func(context.Context, install.Options) (*code.Network, error)

// read is how the network is found out; nil for none. False: something has to be typed first, and the field says what.
func (q *joinQuestion) read() (find joinFunc, ok bool) {
	box, joins := q.chosen()
	if !joins {
		return nil, true
	}
	q.code.SetError("")
	q.user.SetError("")
	if typed := strings.TrimSpace(q.code.Text()); typed != "" {
		n, err := code.ParseNetwork(typed, "")
		if err != nil {
			q.code.SetError(translated(syncer.Describe(err).Title))
			q.code.Focus()
			return nil, false
		}
		return func(context.Context, install.Options) (*code.Network, error) { return &n, nil }, true
	}
	at, err := url.Parse(box.URL)
	if err != nil || q.user.Text() == "" {
		q.user.SetError(lang.L("Type the name of the user."))
		q.user.Focus()
		return nil, false
	}
	target, err := install.ParseTarget(q.user.Text() + "@" + bracketed(at.Hostname()))
	if err != nil {
		q.user.SetError(lang.L("Type the name of the user."))
		q.user.Focus()
		return nil, false
	}
	password := q.password.Text()
	return func(ctx context.Context, o install.Options) (*code.Network, error) {
		o.Target, o.Password = target, nil
		if password != "" {
			o.Password = func(context.Context) (string, error) { return password, nil }
		}
		n, err := install.NetworkOf(ctx, o)
		if err != nil {
			return nil, err
		}
		return &n, nil
	}, true
}

// bracketed is a host as it stands before a port.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
