package metrics

// ZeroTokens shows the counters of requests for tokens before any has come, for these grant types.
func (m *Metrics) ZeroTokens(grantTypes []string) {
	for _, grantType := range grantTypes {
		m.tokens.WithLabelValues(grantType, "ok")
	}
}

// Token counts a request to the token endpoint. Both labels are words of ours: a grant type that is known or "none",
// and "ok" or the code of the error.
func (m *Metrics) Token(grantType, result string) {
	m.tokens.WithLabelValues(grantType, result).Inc()
}
