package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
)

// proof is what is known of the storages by having looked. It lies in the catalog: losing it costs another look.
type proof struct {
	Checked time.Time // when the structure was last checked, well or not
	Found   int       // problems that it found
	Mended  int       // of those, the ones that are well again, because another storage had what was lost
	From    int       // thousandth of the content that is read next
	Began   time.Time // when the reading of all content began that is under way
	ReadAll time.Time // when all of it had last been read; zero: not yet
	Tried   time.Time // when a drill was last begun
	Drills  []Drilled // the last one, by storage
}

const metaProof = "proof"

func (e *Engine) proof(ctx context.Context) (p proof, err error) {
	if known := e.proven.Load(); known != nil {
		return *known, nil
	}
	p, err = noted[proof](ctx, e.cat, metaProof)
	p.From = max(0, min(p.From, 999))
	return p, err
}

func (e *Engine) changeProof(ctx context.Context, fn func(*proof)) error {
	p, err := e.proof(ctx)
	if err != nil {
		return err
	}
	fn(&p)
	if err := noteDown(ctx, e.cat, metaProof, p); err != nil {
		return err
	}
	e.proven.Store(&p)
	return nil
}

// Verify proves from the storages that everything can be restored; percent of the content is read. What is found lost or
// damaged is brought back from another storage where one has it, and else sent again by the next backup, where this
// computer still has it. A storage that cannot be asked is an error beside what was found on the others; without the first
// one nothing is brought back.
func (e *Engine) Verify(ctx context.Context, percent int, r Report) (*Checked, error) {
	if percent < 0 || percent > 100 {
		return nil, fmt.Errorf("%w: the share to read is between 0 and 100 percent", ErrUsage)
	}
	return e.check(ctx, vault.Percent(percent), r)
}

func (e *Engine) check(ctx context.Context, share vault.Share, r Report) (*Checked, error) {
	away := e.connect(ctx)
	others := len(e.home.config().Nodes) > 1
	if away != nil && (!unreachableNow(away) || !others) {
		return nil, away
	}
	done, err := e.proving.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var c counters
	c.phaseName.Store("checking")
	stop := c.tell(r, "", time.Now())
	defer stop()
	progress := func(done, total int64) {
		c.files.Store(done)
		c.totalFiles.Store(total)
	}
	if away != nil {
		return e.checkOthers(ctx, share, progress, away)
	}
	rep, err := e.vault().VerifyShare(ctx, share, progress)
	if unreachableNow(err) && ctx.Err() == nil && others {
		return e.checkOthers(ctx, share, progress, err)
	}
	if err != nil {
		return nil, err
	}
	out := &Checked{Blocks: rep.CheckedBlocks, Bytes: rep.CheckedBytes}
	for _, p := range rep.Problems {
		out.Problems = append(out.Problems, p.What+": "+p.Err.Error())
	}
	left := rep.Lost
	if len(left) > 0 {
		if left, err = e.mend(ctx, left); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil {
			e.log.Warn("what was lost cannot be brought back from another storage now", "reason", err)
			left = rep.Lost
		}
		out.Mended += len(rep.Lost) - len(left)
	}
	if len(left) > 0 {
		var lost []format.Digest
		for _, p := range left {
			lost = append(lost, p.Digest)
		}
		if err := e.vault().NoteLost(ctx, lost); err != nil {
			return nil, err
		}
	}
	still := len(out.Problems) - out.Mended // problems that are left
	if len(left) == 0 && out.Mended > 0 && still > 0 {
		// One lost part shows in several places. Whether all of them are well again is seen by looking once more.
		again, err := e.vault().VerifyShare(ctx, vault.Share{}, nil)
		if err != nil {
			return nil, err
		}
		still = len(again.Problems)
	}
	found, mended := len(out.Problems), out.Mended
	unasked := e.checkCopies(ctx, share, out)
	still += len(out.Problems) - found - (out.Mended - mended)
	if k := e.running.Load(); k != nil && len(rep.Lost) > 0 {
		k.learnDamage()
		k.rescan() // which sends again what is still here
	}
	out.OK = len(out.Problems) == 0
	err = e.changeProof(ctx, func(p *proof) {
		p.Checked, p.Found, p.Mended = time.Now(), len(out.Problems), max(len(out.Problems)-still, 0)
	})
	return out, errors.Join(unasked, err, e.noteVerified(ctx, out))
}

// checkOthers checks the further storages, each by itself, while the first one cannot be asked, which is the reason away. What
// is found is only told. Without any that can be asked there is no result.
func (e *Engine) checkOthers(ctx context.Context, share vault.Share, progress vault.Progress, away error) (*Checked, error) {
	errs := []error{fmt.Errorf("check the storage %q: %w", e.home.config().Nodes[0].Name, away)}
	var out Checked
	asked := false
	for _, nc := range e.home.config().Nodes[1:] {
		err := e.asNew(ctx, nc, func(fresh *Engine) error {
			rep, err := fresh.vault().VerifyShare(ctx, share, progress)
			if err != nil {
				return err
			}
			lacks, err := e.lacks(ctx, fresh)
			if err != nil {
				return err
			}
			asked = true
			out.Blocks += rep.CheckedBlocks
			out.Bytes += rep.CheckedBytes
			for _, p := range rep.Problems {
				out.Problems = append(out.Problems, fmt.Sprintf("the storage %q: %s: %v", nc.Name, p.What, p.Err))
			}
			if lacks > 0 {
				out.Problems = append(out.Problems, fmt.Sprintf("the storage %q: %s that this computer knows of", nc.Name, many(int64(lacks), "version is not there", "versions are not there")))
			}
			return nil
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("check the storage %q: %w", nc.Name, err))
		}
	}
	if !asked {
		return nil, errors.Join(errs...)
	}
	out.OK = len(out.Problems) == 0
	return &out, errors.Join(append(errs, e.noteVerified(ctx, &out))...)
}

// lacks counts the versions of this computer's that it knows of and a storage, seen as new, does not have.
func (e *Engine) lacks(ctx context.Context, fresh *Engine) (int, error) {
	known, _, err := e.knownVersions(ctx)
	if err != nil {
		return 0, err
	}
	st, err := fresh.state(ctx)
	if err != nil {
		return 0, err
	}
	there, damage, err := fresh.everyVersion(ctx, st)
	if err != nil || damage != nil { // a damaged list was found already
		return 0, err
	}
	has := map[format.ChunkID]bool{}
	for _, v := range there {
		has[v.ID] = true
	}
	n := 0
	for _, v := range known {
		if v.Device == e.bundle.Device() && !has[v.ID] {
			n++
		}
	}
	return n, nil
}

// mend brings back what the first storage lost or damaged, from the others, and returns what is left.
func (e *Engine) mend(ctx context.Context, lost []vault.LostPack) ([]vault.LostPack, error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	from := e.farNodes(ctx)
	if len(from) == 0 {
		return lost, nil
	}
	left, err := e.vault().PutBack(ctx, lost, from)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(left, func(p vault.LostPack) bool { return !p.Missing }) {
		if left, err = e.vault().Replace(ctx, left, from); err != nil {
			return nil, err
		}
	}
	return left, e.noteVersions(ctx)
}

// farNodes are the further storages that can be asked.
func (e *Engine) farNodes(ctx context.Context) (out []node.Node) {
	for _, nc := range e.home.config().Nodes[1:] {
		c, err := e.reach(ctx, nc)
		if err != nil {
			e.log.Info("a storage cannot be asked for what another one lost", "storage", nc.Name, "reason", err)
			continue
		}
		out = append(out, c.node)
	}
	return out
}

// checkCopies looks at the further storages: what is missing there is sent again, and what is damaged is replaced. Those that
// could not be asked are the error.
func (e *Engine) checkCopies(ctx context.Context, share vault.Share, out *Checked) error {
	var errs []error
	for _, nc := range e.home.config().Nodes[1:] {
		err := e.checkOne(ctx, nc, share, out)
		if err != nil && !errors.Is(err, vault.ErrMissing) && !errors.Is(err, vault.ErrRolledBack) {
			errs = append(errs, fmt.Errorf("check the storage %q: %w", nc.Name, err))
		} else if err != nil {
			out.Problems = append(out.Problems, fmt.Sprintf("the storage %q: %v", nc.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) checkOne(ctx context.Context, nc nodeConfig, share vault.Share, out *Checked) error {
	c, err := e.reach(ctx, nc)
	if err != nil {
		return err
	}
	r, err := e.verifyCopy(ctx, c.node)
	if err != nil {
		return err
	}
	if r.Sent > 0 {
		out.Problems = append(out.Problems, fmt.Sprintf("the storage %q: %s were missing, and were sent again", nc.Name, many(int64(r.Sent), "part", "parts")))
		out.Mended++
	}
	if err := e.vault().ReadCopy(ctx, c.node, share, r); err != nil {
		return err
	}
	out.Blocks += r.CheckedBlocks
	out.Bytes += r.CheckedBytes
	if len(r.Damaged) == 0 {
		return nil
	}
	done, err := e.turns.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	left, err := e.vault().Replace(ctx, r.Damaged, []node.Node{e.node()})
	if err != nil {
		return err
	}
	what := fmt.Sprintf("the storage %q: %s are damaged", nc.Name, many(int64(len(r.Damaged)), "part", "parts"))
	if len(left) == 0 {
		what += ", and were replaced"
		out.Mended++
	}
	out.Problems = append(out.Problems, what)
	return e.vault().Mirror(ctx, c.node, nil)
}

func (e *Engine) verifyCopy(ctx context.Context, n node.Node) (*vault.CopyReport, error) {
	done, err := e.turns.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	// One that is behind is brought up to date first, so that what it never had does not count as lost.
	if err := e.vault().Mirror(ctx, n, nil); err != nil {
		return nil, err
	}
	return e.vault().VerifyCopy(ctx, n, nil)
}

// Proof is how far the storages were looked at by themselves, for Status.
type Proof struct {
	Checked time.Time // when the structure was last checked; zero: never
	Found   int       // problems that it found
	Mended  int       // of those, the ones that are well again, because another storage had what was lost
	ReadAll time.Time // when all content had last been read, part by part; zero: not yet
	Drills  []Drilled // the last restore drill, by storage
}

func (p proof) shown() Proof {
	return Proof{Checked: p.Checked, Found: p.Found, Mended: min(p.Mended, p.Found), ReadAll: p.ReadAll, Drills: p.Drills}
}

// knownProof is Proof as it is known now.
func (e *Engine) knownProof(ctx context.Context) Proof {
	p, err := e.proof(ctx)
	if err != nil {
		e.log.Warn("what was checked cannot be read", "reason", err)
	}
	return p.shown()
}

// problems are drills of which not everything came back.
func (p Proof) problems() (out []Problem) {
	for _, d := range p.Drills {
		if !d.OK() {
			x := Describe(fmt.Errorf("%w: on the storage %q, %s", ErrDrill, d.Storage, d.Words()))
			x.Since = d.Time
			out = append(out, x)
		}
	}
	return out
}

// ErrDrill: not every file of a restore drill came back.
var ErrDrill = errors.New("not every file of a test restore came back")

// due is what has to be looked at.
type due struct {
	check bool
	share vault.Share // of the content, with check
	drill bool
}

const (
	drillAgain = time.Hour // after one that could not be done
	never      = "never"
)

// dueNow decides what is to be looked at. All content is read part by part, one with each check, so that it takes no longer
// than was chosen.
func dueNow(p proof, c config, now time.Time) (d due) {
	every, all := c.duration("verify"), c.duration("verify-all")
	if every > 0 && now.Sub(p.Checked) >= every {
		d.check = true
		d.share = vault.Share{From: p.From, To: p.From}
		if all > 0 {
			parts := max(1, int(all/every))
			d.share.To = min(p.From+(1000+parts-1)/parts, 1000)
		}
	}
	if between := c.duration("drill"); between > 0 && now.Sub(p.Tried) >= drillAgain {
		d.drill = len(p.Drills) == 0
		for _, x := range p.Drills {
			d.drill = d.drill || now.Sub(x.Time) >= between
		}
	}
	return d
}

// prove does what is due. Nothing is looked at before there is something.
func (e *Engine) prove(ctx context.Context, now time.Time) error {
	p, err := e.proof(ctx)
	if err != nil {
		return err
	}
	d := dueNow(p, e.home.config(), now)
	if !d.check && !d.drill {
		return nil
	}
	st, err := e.state(ctx)
	if err != nil {
		return err
	}
	if own := st.Own(e.vault().Device()); own == nil || len(own.Snapshots) == 0 {
		return nil
	}
	if d.check {
		if _, err := e.check(ctx, d.share, nil); err != nil && !unreachableNow(err) {
			return err
		} else if err == nil && d.share.To > d.share.From {
			err = e.changeProof(ctx, func(p *proof) {
				if p.Began.IsZero() {
					p.Began = now
				}
				if p.From = d.share.To % 1000; p.From == 0 {
					p.ReadAll, p.Began = now, time.Time{}
				}
			})
			if err != nil {
				return err
			}
		}
	}
	if d.drill {
		if err := e.changeProof(ctx, func(p *proof) { p.Tried = now }); err != nil {
			return err
		}
		_, err := e.Drill(ctx, nil)
		return err
	}
	return nil
}

const (
	proveFirst = 5 * time.Minute // after the start, when there is more to do
	proveEvery = 10 * time.Minute
)

// proveAll looks at what is due now and then, when the computer has time for it.
func (k *keeper) proveAll(ctx context.Context) {
	for wait(ctx, proveFirst); ctx.Err() == nil; wait(ctx, proveEvery) {
		now, c := time.Now().Round(0), k.e.home.config() // by the clock on the wall, which goes on while a computer sleeps
		if k.busy(c, now) {
			continue
		}
		if err := k.e.prove(ctx, now); err != nil && ctx.Err() == nil {
			k.e.log.Info("the storages could not be looked at", "problem", Describe(err).Code)
			k.e.log.Debug("why they could not be looked at", "error", err)
		}
		poke(k.news)
	}
}

// busy tells whether what looks at the storages and tidies them has to wait: for a better time, or for a backup.
func (k *keeper) busy(c config, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rests(c, now) {
		return true
	}
	for _, f := range k.folders {
		if f.passing != nil {
			return true
		}
	}
	return false
}

// spanOrNever is a duration, or never.
func spanOrNever(least, most time.Duration) func(string) (string, error) {
	return func(s string) (string, error) {
		if strings.EqualFold(s, never) {
			return never, nil
		}
		return span(least, most)(s)
	}
}
