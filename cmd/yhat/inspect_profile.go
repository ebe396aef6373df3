package main

import (
	"context"
	"fmt"

	"yhat/io/model"
	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline"
)

// inspectProfile prints the profile of a table: of all its columns, or of the
// features and predictions of a model. Of a model it prints the one it carries.
func inspectProfile(ctx context.Context, u *ui, s *settings, path string, isModel bool) error {
	made := func() (*nn.Profiles, error) { return profileColumns(ctx, u, s, path) }
	switch {
	case isModel && s.has("for-model"):
		return fmt.Errorf("%w: %s is a model; the profile is of a table", table.ErrUsage, path)
	case isModel:
		made = func() (*nn.Profiles, error) { return carried(path) }
	case s.has("for-model"):
		made = func() (*nn.Profiles, error) { return profileFeatures(ctx, u, s, path) }
	}
	p, err := made()
	if err != nil {
		return err
	}
	return model.EncodeProfiles(u.stdout, p)
}

// carried is the profile that a model carries.
func carried(path string) (*nn.Profiles, error) {
	m, err := model.LoadNative(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	p := pipeline.CarriedProfile(m.Model)
	if p == nil {
		return nil, fmt.Errorf("%w: %s carries no profile", table.ErrData, path)
	}
	return p, nil
}

// profileColumns makes the profile of all columns of a table.
func profileColumns(ctx context.Context, u *ui, s *settings, path string) (*nn.Profiles, error) {
	workers := s.workers()
	in := readInputs(ctx, u, s, workers)
	when := s.choice("progress", "auto", "auto", "always", "never")
	if s.err != nil {
		return nil, s.err
	}
	found, err := lookAtTable(ctx, u, in, path, when, pipeline.Inspection{Workers: workers, Profile: true})
	if err != nil {
		return nil, err
	}
	return found.Profile, nil
}

// profileFeatures makes the profile of a model's features and predictions.
func profileFeatures(ctx context.Context, u *ui, s *settings, path string) (*nn.Profiles, error) {
	job := &pipeline.Job{Workers: s.workers(), Precision: 32, Empty: pipeline.EmptyOK}
	job.Bind, job.About.ModelPath = readBinding(s), s.text("for-model")
	in := readInputs(ctx, u, s, job.Workers)
	when := s.choice("progress", "auto", "auto", "always", "never")
	if s.err != nil {
		return nil, s.err
	}
	var err error
	if job.Kernel, err = chooseKernel(); err != nil {
		return nil, err
	}
	if _, err := loadModel(job); err != nil {
		return nil, err
	}
	bar := u.newProgress(when, []string{path}, true)
	defer bar.done()
	job.Inputs, job.Open, job.Progress = []string{path}, in.open, bar.show
	p, report, err := pipeline.MakeProfile(ctx, job)
	if err == nil && report.Rows.Rejected > 0 && u.chatty() {
		bar.done()
		u.log.Info(fmt.Sprintf("%s of %s rows are bad; their readable cells are in the profile", count(report.Rows.Rejected), count(report.Rows.Read)))
	}
	return p, err
}
