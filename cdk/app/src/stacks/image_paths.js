// CloudFront appends the path of a request to the origin's path, /t/<tenant>. A path that is no image's, such as
// /../<other tenant>/api/v2/img/cat, could name another tenant to an origin that resolves dot segments.
var IMAGE_PATH = /^\/api\/v2\/img\/[A-Za-z0-9][A-Za-z0-9._-]*$/;

function handler(event) {
  if (IMAGE_PATH.test(event.request.uri)) {
    return event.request;
  }
  return { statusCode: 404, statusDescription: 'Not Found', headers: { 'cache-control': { value: 'no-store' } } };
}
