package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/grapevine-go/grapevine/membership"
)

const (
	mostSeeds  = 1024 // of one provider
	mostFaults = 8    // that an error lists; a list of seeds may have one in every line
)

// askSeeds contains what a provider of the user's may do: a panic becomes an error that says so, as does what cannot be
// dialled among the seeds; the others are given all the same.
func askSeeds(ctx context.Context, p SeedProvider) ([]string, error) {
	given, err := callSeeds(ctx, p)
	seeds, unusable := checkSeeds(given)
	return seeds, errors.Join(err, unusable)
}

// callSeeds does not end the call when ctx is done, as that would take a goroutine for which nobody can wait.
func callSeeds(ctx context.Context, p SeedProvider) (seeds []string, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			seeds, err = nil, fmt.Errorf("seed provider panicked: %v", panicked)
		}
	}()
	seeds, err = p.Seeds(ctx)
	if err != nil {
		err = fmt.Errorf("seed provider: %w", err) // takes the text now, and contains a panic of its Error method
	}
	return seeds, err
}

// checkSeeds gives the usable among the first of seeds. It copies them, as the slice may be the provider's to change.
func checkSeeds(given []string) (seeds []string, err error) {
	var unusable faults
	if len(given) > mostSeeds {
		unusable.add(&membership.FieldError{Field: "number of seeds", Value: fmt.Sprint(len(given)), Remedy: tooManySeeds})
		given = given[:mostSeeds]
	}
	for _, seed := range given {
		if err := membership.CheckAddress("seed", seed); err != nil {
			unusable.add(err)
			continue
		}
		seeds = append(seeds, seed)
	}
	return seeds, unusable.err()
}

var tooManySeeds = fmt.Sprintf("give %d at most, as one that answers is enough; those beyond are not used", mostSeeds)

// faults are the first of those that were found, and how many more there are.
type faults struct {
	first []error
	more  int
}

func (f *faults) add(err error) {
	if len(f.first) < mostFaults {
		f.first = append(f.first, err)
	} else {
		f.more++
	}
}

// err is nil if there are none.
func (f *faults) err() error {
	err := errors.Join(f.first...)
	if f.more > 0 {
		err = errors.Join(err, fmt.Errorf("and %d more", f.more))
	}
	return err
}
