package syncer

import (
	"context"
	"time"

	"roost/vault"
)

func (e *Engine) keepSurvey(ctx context.Context, s *vault.Survey) error {
	return noteDown(ctx, e.cat, metaSurvey, s)
}

// lastSurvey is the one that was written down; nil: there is none.
func (e *Engine) lastSurvey(ctx context.Context) (*vault.Survey, error) {
	return noted[*vault.Survey](ctx, e.cat, metaSurvey)
}

// How often the versions are looked through unasked. A storage on this computer costs a second of work, one elsewhere costs
// traffic too: tens of megabytes for a hundred gigabytes of backup.
const (
	surveyAfter  = 3 * time.Minute // from the start, when everything else wants to run
	surveyNear   = time.Hour
	surveyFar    = 24 * time.Hour
	surveyLookAt = 10 * time.Minute
)

// keepSurveyed looks through the versions now and then, while nothing else runs.
func (k *keeper) keepSurveyed(ctx context.Context) {
	for wait(ctx, surveyAfter); ctx.Err() == nil; wait(ctx, surveyLookAt) {
		due, err := k.surveyDue(ctx, time.Now())
		if err == nil && due {
			err = k.e.Survey(ctx, nil)
		}
		if err != nil && ctx.Err() == nil {
			k.e.log.Info("the versions could not be looked through", "problem", Describe(err).Code)
		}
	}
}

// surveyDue tells whether now is the time for it.
func (k *keeper) surveyDue(ctx context.Context, now time.Time) (bool, error) {
	c := k.e.home.config()
	if k.busy(c, now) || k.sick() {
		return false, nil
	}
	last, err := k.e.lastSurvey(ctx)
	if err != nil || last == nil {
		return err == nil, err
	}
	every := surveyFar
	if c.Nodes[0].Dir != "" {
		every = surveyNear
	}
	return now.Sub(last.Time).Abs() >= every, nil
}
