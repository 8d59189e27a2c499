# gastlive for CPUs, about 2.1 GB. ADDRESS is the index of torch for CPUs, see the README under Installing; without it pip would
# take torch for CUDA.
#   docker build --build-arg TORCH_CPU_INDEX=ADDRESS -t gastlive .
#   docker run --rm -v "$PWD:/data" gastlive source=video source.path=/data/my.mp4 hydra.run.dir=/data/out
#   docker run --rm -p 127.0.0.1:8642:8642 --entrypoint gastlive-page gastlive page.host=0.0.0.0
FROM python:3.11-slim-bookworm AS builder
ARG TORCH_CPU_INDEX
RUN test -n "$TORCH_CPU_INDEX" || { echo "give --build-arg TORCH_CPU_INDEX=ADDRESS"; exit 1; }
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY . /gastlive
# A container has no window: OpenCV's headless build, which needs no libGL and is without Qt.
RUN pip install --no-cache-dir --extra-index-url "$TORCH_CPU_INDEX" -c /gastlive/constraints.txt /gastlive \
    && pip uninstall --yes opencv-python \
    && pip install --no-cache-dir -c /gastlive/constraints.txt opencv-python-headless \
    && find /venv -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="gastlive" \
      org.opencontainers.image.licenses="MIT AND CC-BY-SA-3.0"
RUN useradd --create-home --uid 1000 gastlive
COPY --from=builder /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER gastlive
WORKDIR /home/gastlive
# The detector's weights (10 MB), so that the image needs no network.
RUN gastlive source.frames=1 sink=[] hydra.run.dir=/tmp/first
ENTRYPOINT ["gastlive"]
