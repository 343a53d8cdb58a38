package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

func (r account) Settings(ctx context.Context, _ *model.Account) (*model.ProjectSettings, error) {
	return r.Upstream.Settings(ctx, scope(ctx, ""))
}

func (r mutation) UpdateProjectSettings(ctx context.Context, input model.UpdateProjectSettingsInput) (*model.UpdateProjectSettingsPayload, error) {
	settings, err := r.Upstream.UpdateSettings(ctx, change(ctx, "settings"), input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateProjectSettingsPayload{Settings: settings}, nil
}
