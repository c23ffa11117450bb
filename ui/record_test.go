package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"roost/syncer"
	"roost/vault/node"
)

// record is what an engine tells of what happened and of its storages, for drawing; nil tells of nothing.
type record struct {
	mu    sync.Mutex // guards below
	acts  []syncer.Activity
	lacks []syncer.NotSaved
	info  syncer.NodeInfo
	pins  []syncer.Pin
	drill []syncer.Drilled
	plain []syncer.PlainThing

	wished *syncer.BringWish // what was to be brought in; nil: nothing was
	err    error
}

func (r *record) Activity(_ context.Context, limit int) ([]syncer.Activity, error) {
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	acts := r.acts
	if limit > 0 {
		acts = acts[:min(len(acts), limit)]
	}
	return acts, r.err
}

func (r *record) NotSaved(context.Context) ([]syncer.NotSaved, error) {
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lacks, r.err
}

func (r *record) LeaveOut(context.Context, string, string) error { return nil }

func (r *record) CheckNode(context.Context, string) (syncer.NodeInfo, error) {
	if r == nil {
		return syncer.NodeInfo{}, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.info, r.err
}

func (r *record) Pins(context.Context, string) ([]syncer.Pin, error) {
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pins, r.err
}

func (r *record) Pin(context.Context, string, string, string) error { return nil }
func (r *record) Unpin(context.Context, string, string) error       { return nil }
func (r *record) Replace(context.Context, string) error             { return nil }

func (r *record) Drill(context.Context, syncer.Report) ([]syncer.Drilled, error) {
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.drill, r.err
}

// samplePins is what a storage keeps that others use, too.
func samplePins() []syncer.Pin {
	pins := []syncer.Pin{
		{CID: "bafyreiaaaa", Kind: syncer.PinNewest, Ours: true, Device: "Laptop", Time: morning.Add(-4 * time.Minute), Size: 104 * gigabyte},
		{CID: "bafyreibbbb", Kind: syncer.PinNewest, Ours: true, Device: "Desktop\u202E in the attic, with a name that somebody made very long indeed", Time: morning.AddDate(0, -2, 0), Size: 27 * gigabyte},
		{CID: "bafyreicccc", Kind: syncer.PinSuperseded, Ours: true, Device: "Laptop", Time: morning.Add(-3 * time.Hour), Size: 103 * gigabyte, Copies: 2, Members: []syncer.MemberStatus{
			{ID: "12D3KooWone", Name: "Pi in the living room", State: syncer.MemberHolds}, {ID: "12D3KooWtwo", State: syncer.MemberAway},
		}},
		{CID: "bafyreidddd", Kind: syncer.PinUpload, Ours: true, Device: "Laptop"},
		{CID: "bafyreieeee", Kind: syncer.PinUnknown, Ours: true},
		{CID: "bafyreiffff", Kind: syncer.PinOtherVault, Time: morning, Size: 3 * gigabyte},
		{CID: "bafybeigggg", Kind: "folder", Name: "Holiday pictures\u202E", Size: 31 * gigabyte},
		{CID: "bafybeihhhh", Kind: "file", Name: strings.Repeat("a film with a long name ", 6), Size: 4_100_000_000},
		{CID: "bafkreiiiii", Kind: syncer.PinBlock, Size: 812},
		{CID: syncer.EmptyFolder, Kind: "folder"},
		{CID: "bafyreijjjj", Kind: "other", Size: 5000},
		{CID: "bafyreikkkk", Kind: syncer.PinUnknown},
	}
	for i := range pins {
		pins[i].Storage = "Pi in the living room"
	}
	return pins
}

// sampleSkipped has one file of every kind of reason.
func sampleSkipped() []syncer.Skipped {
	return []syncer.Skipped{
		{Path: "Taxes/2019/locked.pdf", Reason: "no permission to read it; the last saved state is kept", Failed: true},
		{Path: "virtual machine.vdi", Reason: "it was changing while it was saved; what was saved may mix two states", Failed: true},
		{Path: "mail/index.sqlite", Reason: "database busy, copied while in use", Failed: true},
		{Path: "scans/bad sector.tif", Reason: "it could not be read: input/output error", Failed: true},
		{Path: "رسالة إلى العائلة.txt", Reason: "it is not there any more", Failed: true},
		{Path: "photos\u202Egpj.exe", Reason: "it became something else while it was saved", Failed: true},
		{Path: "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Entwurf-endgültig/Donaudampfschifffahrt.pdf", Reason: "folders are nested too deep", Failed: true},
		{Path: "run/agent.sock", Reason: "socket"},
		{Path: "app/cache", Reason: "Roost's own files"},
		{Path: "old/.roostignore", Reason: "old/.roostignore, line 3 can match nothing: ["},
		{Path: ".", Reason: "some of its attributes could not be read"},
		{Path: "strange", Reason: "something of an earlier Roost", Failed: true},
	}
}

// sampleRecord is what happened to an ordinary person, and a storage that was checked.
func sampleRecord(n int) *record {
	r := &record{lacks: []syncer.NotSaved{{Folder: "/home/ana/Documents", Files: sampleSkipped()}}}
	for i := range n {
		x := syncer.Activity{
			Time: morning.Add(-time.Duration(i*i) * 13 * time.Minute), Kind: syncer.ActivityBackup, Folder: []string{"/home/ana/Pictures", "/home/ana/Documents", "/home/ana/رسائل إلى العائلة"}[i%3],
			Files: int64(i) * 31, Bytes: int64(i+1) * 1_730_000, Storage: "Pi in the living room", Text: "Saved.",
		}
		switch i % 11 {
		case 3:
			x.Skipped = sampleSkipped()
		case 5:
			x.Kind, x.Skipped = syncer.ActivityRestore, []syncer.Skipped{{Path: "a/b.txt", Reason: "its stored data is damaged", Failed: true}}
		case 7:
			x.Kind, x.Folder, x.Text = syncer.ActivityVerify, "", "Everything that was looked at opens."
		case 8:
			x.Bytes, x.Folder, x.Text = 0, "/home/ana/Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", "The folder was not there; its last version stands."
		case 9:
			x.Kind, x.Folder, x.Text = syncer.ActivityProblem, "", "3 problems were found."
		}
		r.acts = append(r.acts, x)
	}
	return r
}

// checked is how the check of a storage turned out: well, or with what failed last.
func checked(failed error) syncer.NodeInfo {
	info := syncer.NodeInfo{Name: "Pi in the living room", State: syncer.StateSafe, Used: 131 * gigabyte}
	for _, name := range []string{"start", "reachable", "write", "space", "backup", "kept"} {
		c := syncer.NodeCheck{Name: name, OK: true, Message: "It answers in 3 ms (Kubo 0.43.0)."}
		if failed != nil && name == "reachable" {
			p := syncer.Describe(failed)
			p.Storage = info.Name
			info.Checks = append(info.Checks, syncer.NodeCheck{Name: name, Message: p.Title, Action: p.Action, Problem: &p})
			break
		}
		info.Checks = append(info.Checks, c)
	}
	return info
}

// storageSamples are the states of storages, by name.
func storageSamples() map[string]Now {
	base := func() Now {
		n := sampleNow()
		n.Saved = morning.Add(-4 * time.Minute)
		s := &n.Storages[0]
		s.Used, s.Sent, s.URL, s.PeerID, s.Version, s.Latency = 131*gigabyte, 14*gigabyte, "http://raspberrypi:5001", "12D3KooWQ", "0.43.0", 3*time.Millisecond
		return n
	}
	second := func(n *Now) *syncer.StorageStatus {
		n.Storages = append(n.Storages, syncer.StorageStatus{
			Name: "USB drive", Dir: "/media/ana/usb/Roost storage", State: syncer.StateSafe, Used: 131 * gigabyte, Asked: morning, Confirmed: morning,
		})
		return &n.Storages[1]
	}
	wrong := func(n *Now, s *syncer.StorageStatus, err error) {
		p := syncer.Describe(err)
		p.Storage = s.Name
		s.State = syncer.StateWaiting
		if p.Severity == severityNeedsYou {
			s.State = syncer.StateNeedsYou
		}
		s.Confirmed, s.Asked = morning.Add(-3*time.Hour), morning.Add(-3*time.Hour)
		n.Queue, n.State, n.Problems = 1204, s.State, append(n.Problems, p)
	}
	two := base()
	second(&two)
	two.Storages[0].Budget = 50 * gigabyte
	two.Proof = syncer.Proof{Checked: morning.Add(-3 * time.Hour), Found: 2, Mended: 2, ReadAll: morning.AddDate(0, 0, -12), Drills: []syncer.Drilled{
		{Storage: two.Storages[0].Name, Time: morning.AddDate(0, 0, -2), Files: 23, Back: 23, Same: 20},
		{Storage: "USB drive", Time: morning.AddDate(0, 0, -2), Files: 23, Back: 21},
	}}
	away := base()
	wrong(&away, &away.Storages[0], node.ErrUnreachable)
	full := base()
	full.Storages[0].Used = 249 * gigabyte
	wrong(&full, &full.Storages[0], node.ErrNoSpace)
	refused := base()
	second(&refused)
	wrong(&refused, &refused.Storages[0], node.ErrUnauthorized)
	behind := base()
	s := second(&behind)
	s.State, s.Behind, s.Confirmed = syncer.StateWaiting, true, morning.Add(-26*time.Hour)
	fresh := base()
	fresh.Folders, fresh.Saved = nil, time.Time{}
	fresh.Storages[0].Used, fresh.Storages[0].Limit, fresh.Storages[0].Sent = 0, 0, 0
	none := Now{At: morning}
	odd := base()
	odd.Storages[0].Name = strings.Repeat("Netzwerklaufwerk im Hauswirtschaftsraum ", 3)
	odd.Storages[0].Limit = 0
	second(&odd).Name = "خزانة\u202Egpj"
	many := base()
	many.Storages = nil
	for i := range 30 {
		many.Storages = append(many.Storages, syncer.StorageStatus{Name: fmt.Sprint("Storage ", i+1), State: syncer.StateSafe, Asked: morning, Confirmed: morning, Used: int64(i) * gigabyte})
	}
	group, few := base(), base()
	group.Storages[0].Cluster = &syncer.ClusterStatus{URL: "http://raspberrypi:9094", Copies: 3, Wanted: 3, Held: 1, Known: true, Members: []syncer.MemberStatus{
		{ID: "12D3one", Name: "Pi in the living room", State: syncer.MemberHolds},
		{ID: "12D3two", Name: "attic", State: syncer.MemberWaiting, Since: morning.Add(-time.Minute)},
		{ID: "12D3three", Name: "cellar\u202Egpj", State: syncer.MemberAway, Since: morning.Add(-26 * time.Hour)},
		{ID: "12D3four\u202E", State: syncer.MemberAway},
		{ID: "12D3five", Name: strings.Repeat("Netzwerklaufwerk im Hauswirtschaftsraum ", 3), State: syncer.MemberFailed, Since: morning.Add(-time.Hour)},
		{ID: "12D3six", Name: "shed", State: syncer.MemberSpare},
	}}
	wrong(&group, &group.Storages[0], syncer.ErrMembersBehind)
	few.Storages[0].Cluster = &syncer.ClusterStatus{URL: "http://raspberrypi:9094", Copies: 40, Wanted: 40}
	for i := range 30 {
		few.Storages[0].Cluster.Members = append(few.Storages[0].Cluster.Members, syncer.MemberStatus{ID: fmt.Sprint("12D3", i), Name: fmt.Sprint("Shelf ", i+1), State: syncer.MemberThere})
	}
	wrong(&few, &few.Storages[0], syncer.ErrFewMembers)
	copying, wished := behind, two
	copying.Storages = slices.Clone(behind.Storages)
	copying.Storages[1].State, copying.Storages[1].Behind = syncer.StateCopying, false
	copying.Storages[1].Copying = &syncer.Progress{Bytes: 44 * gigabyte, TotalBytes: 131 * gigabyte}
	all := map[string]Now{
		"one": base(), "two": two, "copying": copying, "wished": wished, "away": away, "full": full, "refused": refused, "behind": behind, "fresh": fresh, "none": none, "odd": odd, "many": many, "unknown": {},
		"group": group, "group-few": few,
	}
	for name, n := range all {
		n.Copies.Wanted = len(n.Storages)
		for _, s := range n.Storages {
			if s.State == syncer.StateSafe {
				n.Copies.Confirmed++
			}
		}
		if name == "wished" { // more than there are
			n.Copies.Wanted = 3
		}
		all[name] = n
	}
	return all
}

func (r *record) PlainThings(context.Context, string) ([]syncer.PlainThing, error) {
	if r == nil {
		return nil, nil
	}
	return r.plain, r.err
}

// Estimate tells of folders that they hold the more the longer their names are.
func (r *record) Estimate(_ context.Context, p syncer.BringPart, _ syncer.Report) (*syncer.BringEstimate, error) {
	if r == nil || r.err != nil {
		return nil, syncer.ErrNotAFolder
	}
	n := int64(len(p.Path) + len(p.Plain.Name))
	e := &syncer.BringEstimate{Files: n * 410, Bytes: n * 990_000_000, Stored: n * 610_000_000, Read: 64 << 20, Time: time.Duration(n) * time.Minute}
	switch p.Kind {
	case syncer.BringDated:
		e.Dates = 31
	case syncer.BringPlain:
		e.Files, e.Read = 0, 0
	}
	return e, nil
}

func (r *record) StartBring(_ context.Context, w syncer.BringWish) error {
	if r == nil {
		return nil
	}
	r.wished = &w
	return r.err
}

func (r *record) SteerBring(context.Context, string, syncer.ErrandStep) error { return nil }
