//! Finds the route of a path: a trie of segments, built once from the table. Segments are split
//! before they are percent-decoded, so `octo%2Fhello` is one. A literal goes before a parameter.

use super::{
    form,
    route::{Route, RouteMethod},
    settings::Surface,
};
use gitflare_core::Result;
use http::Method;

/// The route table as a trie.
#[derive(Debug)]
pub(super) struct Router {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    literals: Vec<(&'static str, usize)>,
    parameter: Option<usize>,
    routes: [Option<usize>; RouteMethod::COUNT],
    has_head: bool,
}

/// The node of the table that a path leads to, with the path's parameters.
#[derive(Debug)]
pub(super) struct PathMatch<'r, 'p> {
    node: &'r Node,
    /// The parameters' segments in order, as sent.
    segments: Vec<&'p str>,
}

impl Router {
    /// The router of a table's routes on a surface; positions in the table are what
    /// [`PathMatch::route`] answers.
    pub(super) fn new(table: &'static [Route], surface: Surface) -> Self {
        let mut router = Self {
            nodes: vec![Node::default()],
        };
        for (index, route) in table.iter().enumerate() {
            // The path of `OPTIONS` stands for all the others.
            if route.method == RouteMethod::Options || !route.is_on(surface) {
                continue;
            }
            for path in route.paths {
                let leaf = router.insert(path);
                router.nodes[leaf].routes[route.method as usize] = Some(index);
                router.nodes[leaf].has_head |= route.has_head();
            }
        }
        router
    }

    fn insert(&mut self, path: &'static str) -> usize {
        path[1..].split('/').fold(0, |node, segment| {
            let next = self.nodes.len();
            let slot = if segment.starts_with(':') {
                self.nodes[node].parameter.get_or_insert(next)
            } else {
                let literals = &mut self.nodes[node].literals;
                let at = literals
                    .iter()
                    .position(|(literal, _)| *literal == segment)
                    .unwrap_or_else(|| {
                        literals.push((segment, next));
                        literals.len() - 1
                    });
                &mut literals[at].1
            };
            let child = *slot;
            if child == next {
                self.nodes.push(Node::default());
            }
            child
        })
    }

    /// Finds the routes of a path.
    pub(super) fn find<'p>(&self, path: &'p str) -> Option<PathMatch<'_, 'p>> {
        let mut node = &self.nodes[0];
        let mut segments = Vec::new();
        for segment in path.strip_prefix('/')?.split('/') {
            let literal = node.literals.iter().find(|(name, _)| *name == segment);
            let next = match (literal, node.parameter) {
                (Some((_, next)), _) => *next,
                (None, Some(next)) if !segment.is_empty() => {
                    segments.push(segment);
                    next
                }
                (None, _) => return None,
            };
            node = &self.nodes[next];
        }
        let is_place = node.routes.iter().any(Option::is_some);
        is_place.then_some(PathMatch { node, segments })
    }
}

impl PathMatch<'_, '_> {
    /// The route for a method, as its position in the table.
    pub(super) fn route(&self, method: RouteMethod) -> Option<usize> {
        self.node.routes[method as usize]
    }

    /// The route for a request's method, as its position in the table.
    pub(super) fn route_for(&self, method: &Method) -> Option<usize> {
        if method == Method::HEAD && !self.node.has_head {
            return None;
        }
        RouteMethod::of(method).and_then(|method| self.route(method))
    }

    /// The methods served here, as `Allow` lists them.
    pub(super) fn allow(&self) -> String {
        let mut allow = String::new();
        for method in RouteMethod::ALL {
            if self.route(method).is_some() {
                allow.push_str(method.as_str());
                allow.push_str(", ");
                if method == RouteMethod::Get && self.node.has_head {
                    allow.push_str("HEAD, ");
                }
            }
        }
        allow.push_str("OPTIONS");
        allow
    }

    /// The parameters, each decoded once.
    pub(super) fn parameters(&self) -> Result<Vec<String>> {
        self.segments
            .iter()
            .map(|segment| form::segment(segment))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ROUTES, *};

    #[test]
    fn every_route_is_found_by_its_own_path() {
        let router = Router::new(ROUTES, Surface::Whole);
        for (index, route) in ROUTES.iter().enumerate() {
            for path in route.paths.iter().filter(|path| **path != "/*") {
                let place = router.find(path).unwrap_or_else(|| panic!("{path}"));
                assert_eq!(place.route(route.method), Some(index), "{path}");
            }
        }
    }

    #[test]
    fn segments_are_split_before_they_are_decoded() {
        let router = Router::new(ROUTES, Surface::Whole);
        let parameters = |path: &str| router.find(path).unwrap().parameters();
        assert_eq!(
            parameters("/v1/repositories/local/octo%2Fhello/branches").unwrap(),
            ["local", "octo/hello"]
        );
        assert_eq!(
            parameters("/v1/repositories/local/a%252Fb/commits/%C3%A9/diff").unwrap(),
            ["local", "a%2Fb", "é"]
        );
        assert!(parameters("/v1/repositories/local/%ff").is_err());
        assert!(parameters("/v1/repositories/local/%2").is_err());
    }

    #[test]
    fn what_is_not_in_the_table_leads_nowhere() {
        let router = Router::new(ROUTES, Surface::Whole);
        for path in [
            "",
            "*",
            "//",
            "/v1",
            "/v1/",
            "/health/",
            "//health",
            "/v1/repositories/",
            "/v1/repositories//x",
            "/v1/repositories/local",
            "/v1/repositories/local/a/b/branches/c",
            "/V1/me",
            "/v1%2Fme",
        ] {
            assert!(router.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_place_names_all_its_methods() {
        let router = Router::new(ROUTES, Surface::Whole);
        let allow = |path: &str| router.find(path).unwrap().allow();
        assert_eq!(allow("/health"), "GET, HEAD, OPTIONS");
        assert_eq!(allow("/v1/platform/tokens"), "GET, HEAD, POST, OPTIONS");
        assert_eq!(
            allow("/v1/connections/conn_1"),
            "GET, HEAD, DELETE, OPTIONS"
        );
        assert_eq!(allow("/oauth/authorize/deny"), "GET, OPTIONS");
        assert_eq!(allow("/app/logout"), "GET, OPTIONS");
    }
}
