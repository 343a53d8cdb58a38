package engine

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The media types of answers (GraphQL over HTTP, section 4; GraphQL over Server-Sent Events).
const (
	mediaResponse = "application/graphql-response+json"
	mediaJSON     = "application/json"
	mediaStream   = "text/event-stream"
)

// accepted chooses the media type of the answer by the Accept header (RFC 9110,
// section 12.5.1): the one wanted most, and of equals the one named first. A stream is
// for who names it: many clients list it last, for when nothing else is to be had. It is
// empty when the client takes none of them.
func accepted(h http.Header) string {
	values := h.Values("Accept")
	if len(values) == 0 {
		return mediaJSON
	}
	best, chosen := 0.0, ""
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		media, params, err := strings.ToLower(strings.TrimSpace(part)), map[string]string(nil), error(nil)
		if strings.Contains(part, ";") {
			media, params, err = mime.ParseMediaType(part)
		}
		if err != nil {
			continue
		}
		if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q > 1 {
				continue
			}
		}
		switch media {
		case mediaResponse, mediaJSON, mediaStream:
		case "application/*", "*/*":
			media = mediaJSON
		default:
			continue
		}
		if q > best {
			best, chosen = q, media
		}
	}
	return chosen
}
