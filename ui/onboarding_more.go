package ui

import "roost/syncer"

// oneMore is the choice of a further storage, later than the first steps and with the same pages.
type oneMore struct {
	here   bool   // there is one on this computer already
	moved  string // the storage that only gets another address or key; "": it is a further one
	chosen func(how syncer.SetupOptions)
	boxes  []syncer.StorageStatus // other machines that are storages already
	leave  func()
	again  func() // it was found again where it is; with moved
}

// newOneMore begins the choice with its first page.
func newOneMore(w *Window, m oneMore) *onboarding {
	o := newOnboarding(w, nil)
	o.more = &m
	o.showWhere()
	return o
}

// newReaddress asks for the address and key of a storage that was moved.
func newReaddress(w *Window, s syncer.StorageStatus, m oneMore) *onboarding {
	o := newOnboarding(w, nil)
	m.moved = s.Name
	o.more = &m
	o.how = syncer.SetupOptions{URL: s.URL, NodeName: s.Name}
	if c := s.Cluster; c != nil {
		o.how.ClusterURL, o.how.ClusterCopies = c.URL, c.Copies
	}
	o.showAddress()
	return o
}
