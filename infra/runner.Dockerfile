# The runner and its toolchains, for Fargate (linux/arm64, linux/amd64). Build from the repository's root:
#
#   docker buildx build --platform linux/arm64 -f infra/runner.Dockerfile -t tutti-runner .
#
# Every version is pinned: a package that the mirror has replaced fails the build, and is raised here on purpose. The
# versions that people see are in crates/protocol/src/language.rs and have to follow.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package runner && cp target/release/runner /usr/local/bin/runner

FROM node:20.20.2-bookworm-slim AS node

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        binutils=2.40-2 \
        ca-certificates=20250419~deb12u2 \
        esbuild=0.17.0-1+b2 \
        g++=4:12.2.0-3 \
        gcc=4:12.2.0-3 \
        golang-go=2:1.19~1 \
        libc6-dev=2.36-9+deb12u14 \
        libstdc++6=12.2.0-14+deb12u1 \
        openjdk-17-jdk-headless=17.0.21.1+2-1~deb12u1 \
        python3=3.11.2-1+b1 \
        rustc-web=1.96.0+dfsg1-1~deb12u2 \
    && rm -rf /var/lib/apt/lists/* \
    # No program that gives a job more rights, and no folder that a job may leave things in: without Landlock in the
    # task's kernel the modes are all there is.
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && chmod 0755 /tmp /var/tmp /run/lock
COPY --from=node /usr/local/bin/node /usr/bin/node
COPY --from=build /usr/local/bin/runner /usr/local/bin/runner
# What compilers work out for every program, at /var/cache/tutti-runner. Where a build allows no sandbox, runs compile
# more slowly and nothing else.
RUN runner caches || echo "no caches of toolchains"

# Not a USER of its own: each run gets a fresh user id, which only root can give. Of root's capabilities the runner
# needs CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETPCAP and SETUID; the task definition drops the others. With
# SYS_PTRACE memory that processes share is counted once, without it once for each.
ENV RUNNER_MIN_TIER=process
ENTRYPOINT ["/usr/local/bin/runner"]
